"""The command line: what it prints is what the library says, and what cannot be right ends with code 2."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.__main__ import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    company = csm.datasets.make_saas()
    company.subscriptions.rename(columns={"customer": "account_id"}).to_csv(folder / "plans.csv", index=False)
    company.surveys.to_parquet(folder / "answers.parquet")
    company.tickets.to_csv(folder / "tickets.csv", index=False)
    return folder


@pytest.fixture
def tables(exported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(exported, tmp_path, dirs_exist_ok=True)


def test_list_names_every_metric(run: Any) -> None:
    code, out, _ = run("list")
    assert code == 0
    assert all(f"  {name} " in out for name in csm.catalog)
    assert "nps" not in run("list", "--family", "retention")[1].split()


def test_show_tells_what_a_metric_means(run: Any) -> None:
    code, out, _ = run("show", "churn_rate")
    assert code == 0
    for words in ("churn rate = lost / start × 100", "logo churn", "Pitfalls", "lost (flow)", "Sources"):
        assert words in out


def test_find_knows_the_words_of_people(run: Any) -> None:
    assert run("find", "logo churn")[1].startswith("churn_rate ")


def test_explain_and_interval_say_what_the_library_says(run: Any) -> None:
    code, out, _ = run("explain", "churn_rate", "lost=5", "start=100")
    assert (code, out) == (0, f"{csm.explain(csm.churn_rate, lost=5, start=100)}\n")
    code, out, _ = run("interval", "nps", "promoters=60", "passives=20", "detractors=20", "--confidence", "90")
    wanted = csm.interval(csm.nps, confidence=90, promoters=60, passives=20, detractors=20)
    assert (code, out) == (0, f"{wanted}\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "chrun_rate"], "churn_rate"),
        (["explain", "churn_rate", "lost=5", "start=3"], "`lost` must be <= `start`"),
        (["explain", "churn_rate", "lost"], "is not name=value"),
        (["interval", "nps", "promoters=60", "--confidence", "0.95"], "confidence"),
        (["list", "--family", "none"], "retention"),
        (["report", "--out", "r.html"], "must be given, or another table"),
        (["report", "--subscriptions", "none.csv", "--out", "r.html"], "No such file"),
        (["report", "--subscriptions", "none.csv", "--out", "r.pdf"], "must be a file that ends in .html or .xlsx"),
        (["report", "--subscriptions", "none.csv", "--out", "none/r.html"], "must be in a folder that exists"),
        (["report", "--config", "none.toml"], "No such file"),
        (["verify", "none.csv", "--metric", "nrr"], "No such file"),
        (["verify", "none.xls", "--metric", "nrr"], "must end in .csv"),
        (["nonsense"], "No such command"),
    ],
)
def test_what_cannot_be_right_ends_with_2(
    run: Any, words: list[str], says: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert code == 2
    assert says in err
    assert out == ""
    assert "Traceback" not in err


def test_a_report_is_one_command(run: Any, tables: Path) -> None:
    page = tables / "june.html"
    code, out, err = run(
        "report", "--subscriptions", tables / "plans.csv", "--responses", tables / "answers.parquet",
        "--tickets", tables / "tickets.csv", "--column", "subscriptions.customer=account_id", "--by", "plan",
        "--as-of", "2026-06-30", "--target", "nrr=105", "--out", page,
    )  # fmt: skip
    assert code == 0, err
    assert "Customer churn rate: 2.08 %" in out
    assert "Target at least 105 %" in page.read_text("utf-8")


def test_the_next_month_needs_no_options(run: Any, tables: Path, monkeypatch: Any) -> None:
    (tables / "csmetrics.toml").write_text(
        '[report]\nsubscriptions = "plans.csv"\nout = "june.xlsx"\nas_of = "2026-05-31"\nby = "plan"\n'
        '[report.columns.subscriptions]\ncustomer = "account_id"\n[report.targets]\nchurn_rate = { at_most = 2 }\n'
    )
    monkeypatch.chdir(tables)
    assert run("report")[0] == 0
    assert (tables / "june.xlsx").read_bytes()[:2] == b"PK"
    code, out, _ = run("report", "--as-of", "2026-06-30", "--out", "june.html")  # options come before the file
    assert code == 0
    assert "Jun 2026" in out
    assert "Target at most 2 %" in Path("june.html").read_text("utf-8")
    (tables / "csmetrics.toml").write_text("[report]\nsubs = 1\n")
    assert "has the keys subscriptions" in run("report")[2]


def test_bad_rows_are_refused_or_told(run: Any, tables: Path) -> None:
    frame = pd.read_csv(tables / "plans.csv").rename(columns={"account_id": "customer"})
    frame.loc[0, "end"] = "2001-01-01"
    frame.to_csv(tables / "bad.csv", index=False)
    words = ["report", "--subscriptions", tables / "bad.csv", "--as-of", "2026-06-30", "--out", tables / "r.html"]
    code, _, err = run(*words)
    assert code == 2
    assert "end" in err
    assert run(*words, "--skip-bad-rows")[0] == 0
    assert "1 rows were left out of the movements" in (tables / "r.html").read_text("utf-8")


def test_hints_are_options_of_the_command(run: Any, tables: Path) -> None:
    _, _, err = run("report", "--subscriptions", tables / "plans.csv", "--out", tables / "r.html")
    assert "Hint: --column subscriptions.customer=account_id" in err
    (tables / "churn.csv").write_text("lost,start,churn\n5,100,5\n")
    assert "Hint: --result churn" in run("verify", tables / "churn.csv", "--metric", "churn_rate")[2]


PLANS = "customer,start,end,mrr\na,2026-01-05,,100\nb,2026-01-20,2026-03-10,50\nc,2026-02-02,,80\n"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2026-02-02", "soon", "`start` must hold dates; 1 of 3 rows break it: row 3."),
        (
            "2026-02-02",
            "soon",
            "times as 2026-03-31 14:30; --skip-bad-rows leaves these rows out",
        ),
        ("-", "", "write days in the file as 2026-03-31"),
        ("-", " Jan ", "write days in the file as 2026-03-31"),
        ("2026-02-02", "2026-02-02T00:00:00+02:00", "convert all of them to one time zone"),
        (",100", ",abc", "`mrr` must hold numbers; 1 of 3 rows break it: row 1."),
        (",100", ',"€1,100"', "write plain numbers in the file"),
        (",100", ",-100", "--skip-bad-rows counts such balances as 0"),
        ("a,", ",", "every row must name its customer"),
        ("2026-03-10", "2025-03-10", "must not be before its start"),
        ("2026-03-10", "2029-03-10", "such as --as-of 2026-02-02"),
        (",100", ",100,1", "must have a header, and as many values in each row"),
    ],
)
def test_messages_speak_of_files_and_options(run: Any, tmp_path: Path, old: str, new: str, says: str) -> None:
    file = tmp_path / "plans.csv"
    file.write_text(PLANS.replace(old, new), "utf-8")
    code, _, err = run("report", "--subscriptions", file, "--out", tmp_path / "r.html")
    assert code == 2
    assert says in err
    assert not PYTHON.search(err)


PYTHON = re.compile(r"\bpd\.|\bcsm\.|\bdf\.|\.attrs|\.\w+\(|\b[a-z_]+='|as_of|on_bad_rows|frame|labels|int64")


def test_options_and_templates_of_the_wrong_kind_are_refused(run: Any, tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_text(PLANS)
    file, look = tmp_path / "csmetrics.toml", tmp_path / "look.toml"
    for line in (
        "subscriptions = 5", "columns = 5", "columns = {customer = 'a'}", "targets = 5", "targets = {nrr = 'x'}",
        "targets = {nrr = {at_lest = 5}}", "by = 5", "as_of = 5", "as_of = 'soon'", "template = 5", "dates = 5",
        "skip_bad_rows = 'yes'", "template = 'look.toml'",
    ):  # fmt: skip
        look.write_text("metrics = 'nrr'")
        more = "" if line.startswith("subscriptions") else "subscriptions = 'plans.csv'\n"
        file.write_text(f"[report]\nout = 'r.html'\n{more}{line}\n")
        code, _, err = run("report", "--config", file)
        assert code == 2, line
        assert "`" in err, line  # a message of ours, not one of Python's
        assert not PYTHON.search(err.replace("as_of in", "")), line
    file.write_text("[reports]\n")
    assert "must have the options under [report]" in run("report", "--config", file)[2]
    assert "lost= is there 2 times" in run("explain", "churn_rate", "lost=5", "lost=6", "start=100")[2]


@pytest.mark.parametrize("without", [(), ("duckdb",), ("duckdb", "polars")])
def test_values_of_a_file_are_what_they_were(
    run: Any, tmp_path: Path, without: tuple[str, ...], monkeypatch: Any
) -> None:
    """Ids stay apart, whoever reads the file, and one odd value is one bad row, however late it comes."""
    from csmetrics._report import files

    real = files.find_spec
    monkeypatch.setattr(files, "find_spec", lambda name: None if name in without else real(name))
    file = tmp_path / "plans.csv"
    file.write_text("long,id,n,x,yes,na\n12345678901234567890,007,1,1.5,true,NA\n12345678901234567891,7,,2,False,\n")
    found = files.read(file)
    assert found["long"].tolist() == ["12345678901234567890", "12345678901234567891"]
    assert (found["id"].tolist(), found["yes"].tolist(), found["x"].tolist()) == (["007", "7"], [True, False], [1.5, 2])
    assert (found["n"].dtype, found["na"].tolist()[0]) == (float, "NA")
    rows = "".join(f"{i},2026-01-05,,{i % 100 + 1}\n" for i in range(30_000))
    file.write_text(f"customer,start,end,mrr\n{rows}A7,2026-01-05,,5\nA8,2026-01-05,,none\n")
    words = ["report", "--subscriptions", file, "--as-of", "2026-04-30", "--out", tmp_path / "r.html"]
    assert "1 of 30002 rows break it: row 30002." in run(*words)[2]
    assert "none.toml: No such file" in run(*words, "--skip-bad-rows", "--template", "none.toml")[2]


def test_doubtful_notes_are_told_as_notes(run: Any, tmp_path: Path) -> None:
    days = "".join(f"b,2026-01-{day}\n" for day in range(10, 31))
    (tmp_path / "use.csv").write_text(f"user,time\na,2015-01-05\n{days}")
    _, _, err = run("report", "--events", tmp_path / "use.csv", "--out", tmp_path / "r.html", "--template", "none.toml")
    assert "Note: No event lies between" in err
    assert "Warning" not in err


def test_hints_speak_of_the_file_and_not_of_code(run: Any, tmp_path: Path) -> None:
    head, file, out = "customer,start,end,mrr,currency\n", tmp_path / "plans.csv", tmp_path / "r.html"
    hints = {
        'a,2026-01-05,,"1,200.00",': "write plain numbers in the file",
        "a,5 Jan 2026,,10,": "write days in the file as 2026-03-31",
        "a,46027,,10,": "write days in the file as 2026-03-31",
        "a,2026-01-05,NULL,10,\nb,2026-01-05,2026-03-06,20,": "leave the cell empty",
        "a,2026-01-05,,10,eur\nb,2026-01-05,,10,usd": "write amounts of one currency",
        "a,2026-01-05,,10,\nb,2026-01-05,,10,\n,2026-01-05,,10,": "--skip-bad-rows leaves these rows out",
        "a,2026-01-05,,10,\nb,2026-02-05,,10,\nb,2026-01-05,,-10,": "--skip-bad-rows counts such balances as 0",
    }
    for rows, words in hints.items():
        file.write_text(head + rows + "\n")
        _, _, err = run("report", "--subscriptions", file, "--as-of", "2026-04-30", "--out", out)
        hint = err.partition("Hint: ")[2]
        assert words in hint, (rows, err)
        assert not re.search(r"pd\.|on_bad_rows|\.replace|frame\[|=\{", hint)
    file.write_text("created,resolved,reopened\n2026-04-01,2026-04-02,3\n2026-04-01,2026-04-02,0\n")
    _, _, err = run("report", "--tickets", file, "--as-of", "2026-04-30", "--out", out)
    assert "Hint: write true and false in the file, or 1 and 0" in err


def test_wrong_options_say_how_they_are_written(run: Any, tables: Path) -> None:
    words = ["report", "--subscriptions", tables / "plans.csv", "--out", tables / "r.html", "--as-of", "2026-06-30"]
    assert "Hint: --column subscriptions.customer=account_id" in run(*words, "--column", "customer=account_id")[2]
    words += ["--column", "subscriptions.customer=account_id"]
    assert "Hint: --target nrr=105" in run(*words, "--target", "nrr=high")[2]
    (tables / "churn.csv").write_text("day,lost,start,churn_rate\n01/02/2026,5,100,5\n")
    code, out, err = run("verify", tables / "churn.csv", "--metric", "churn_rate")
    assert (code, err) == (0, ""), out  # the day is of no matter


def test_times_with_offsets_are_counted_by_one_clock(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "plans.csv"
    file.write_text(  # b leaves at half past midnight in Paris, which is still March by UTC and by winter time
        "customer,start,end,mrr,seen\na,2026-01-05T00:30:00+01:00,,10,01/02/2026\n"
        "b,2026-01-05T00:30:00+01:00,2026-04-01T00:30:00+02:00,20,01/03/2026\n"
    )
    words = ["report", "--subscriptions", file, "--as-of", "2026-04-30", "--out", tmp_path / "r.html"]
    assert "times with the offsets +0100, +0200. Hint: --zone Europe/Paris" in run(*words)[2]
    assert "must be the name of a time zone; got Mars" in run(*words, "--zone", "Mars")[2]
    assert "Customer churn rate: 50 %" in run(*words, "--zone", "Europe/Paris")[1]  # and `seen` is of no matter
    assert "Customer churn rate: 0 %" in run(*words, "--zone", "UTC")[1]


def test_verify_checks_tables_and_queries(run: Any, tmp_path: Path) -> None:
    table = pd.DataFrame({"plan": ["a", "b"], "gone": [5, 12], "start": [100, 480]})
    table.assign(churn_rate=100 * table["gone"] / table["start"]).to_csv(tmp_path / "right.csv", index=False)
    table.assign(churn_rate=table["gone"] / table["start"]).to_csv(tmp_path / "wrong.csv", index=False)
    column = ("--column", "lost=gone", "--metric", "churn_rate")
    code, out, _ = run("verify", tmp_path / "right.csv", *column)
    assert code == 0, out
    code, out, _ = run("verify", tmp_path / "wrong.csv", *column)
    assert code == 1
    assert "a fraction, where percent is meant" in out
    query = tmp_path / "churn.sql"
    query.write_text("select gone as lost, start, 100 * gone / start as churn_rate from plans")
    code, out, err = run("verify", query, "--metric", "churn_rate", "--data", f"plans={tmp_path / 'right.csv'}")
    assert code == 0, (out, err)
    query.write_text("select nothing from plans")
    code, _, err = run("verify", query, "--metric", "churn_rate", "--data", f"plans={tmp_path / 'right.csv'}")
    assert code == 2
    assert "must run and give a table" in err
    query.write_text("select * from gone")
    assert "Hint: name the file of each table: --data plans=plans.csv" in run("verify", query, *column[2:])[2]
    for text, says in ((b"", "gives none"), (b"\xff", "must be text in UTF-8")):
        query.write_bytes(text)
        assert says in run("verify", query, *column[2:])[2]
    err = run("verify", tmp_path / "right.csv", "--metric", "asp", "--result", "gone")[2]
    assert "name it: --column new_mrr=its_name" in err
    (tmp_path / "odd.csv").write_text("lost,start,churn_rate\n5,100,5\nten,100,10\n6,100,6\n")
    assert "lost='ten', start=100" in run("verify", tmp_path / "odd.csv", *column[2:])[1]


def test_missing_columns_come_at_once_as_options(run: Any, tmp_path: Path) -> None:
    pd.DataFrame(
        {"customer_id": ["a"], "started_at": ["2026-01-01"], "Canceled At (UTC)": [None], "amount": [9]}
    ).to_csv(tmp_path / "plans.csv", index=False)
    pd.DataFrame({"user": ["a"], "created_at": ["2026-01-01"]}).to_csv(tmp_path / "use.csv", index=False)
    words = ["report", "--subscriptions", tmp_path / "plans.csv", "--events", tmp_path / "use.csv", "--out", "r.xlsx"]
    code, _, err = run(*words)
    assert code == 2
    assert "report: no columns 'customer', 'start', 'end', 'mrr' in the subscriptions, no column 'time' in the" in err
    options = shlex.split(err.partition("Hint: ")[2])
    assert options[1::2] == [
        "subscriptions.customer=customer_id", "subscriptions.start=started_at",
        "subscriptions.end=Canceled At (UTC)", "subscriptions.mrr=amount", "events.time=created_at",
    ]  # fmt: skip
    words[-1] = tmp_path / "r.xlsx"
    assert run(*words, *options, "--as-of", "2026-06-30")[0] == 0


@pytest.mark.parametrize("without", [("duckdb",), ("duckdb", "polars")])
def test_files_are_read_alike_by_whom_ever(tables: Path, without: tuple[str, ...], monkeypatch: Any) -> None:
    from csmetrics._report import files

    usual = files.read(tables / "answers.parquet")
    real = files.find_spec
    monkeypatch.setattr(files, "find_spec", lambda name: None if name in without else real(name))
    other = files.read(tables / "answers.parquet")
    assert usual.astype(str).to_dict("list") == other.astype(str).to_dict("list")
    assert len(files.read(tables / "plans.csv")) == len(pd.read_csv(tables / "plans.csv"))
    (tables / "empty.csv").write_text("")
    with pytest.raises(csm.MetricInputError, match=r"must have rows; empty\.csv is empty"):
        files.read(tables / "empty.csv")


def test_without_click_an_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['click'] = None\ntry: import csmetrics.__main__\nexcept ImportError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == 'the command line needs click: pip install "csmetrics[cli]"\n'


def test_it_runs_as_a_module_and_completes() -> None:
    done = subprocess.run([sys.executable, "-m", "csmetrics", "--version"], capture_output=True, text=True, check=True)
    assert csm.__version__ in done.stdout
    from click.shell_completion import ShellComplete

    from csmetrics.__main__ import cli

    found = ShellComplete(cli, {}, "csmetrics", "_CSMETRICS_COMPLETE").get_completions(["show"], "churn_")
    assert [one.value for one in found] == ["churn_rate"]


@pytest.mark.parametrize("without", [(), ("duckdb",), ("duckdb", "polars")])
def test_dates_that_can_be_read_in_two_ways_are_never_guessed(
    run: Any, tmp_path: Path, without: tuple[str, ...], monkeypatch: Any
) -> None:
    from csmetrics._report import files

    real = files.find_spec
    monkeypatch.setattr(files, "find_spec", lambda name: None if name in without else real(name))
    file = tmp_path / "plans.csv"
    ways = {
        "day-first": ["01/02/2026", "1.3.26", "01/02/2026 10:00", "2026-02-01", "01/02/2026 01:00:07 PM"],
        "month-first": ["02/01/2026", "3-1-26", "02/01/2026 10:00", "2026-02-01", "2/1/2026 1:00:07 pm"],
    }
    stamps = ["2026-02-01", "2026-03-01", "2026-02-01 10:00", "2026-02-01", "2026-02-01 13:00:07"]
    for way, texts in ways.items():
        file.write_text("start,n\n,1\n" + "".join(f"{text},1\n" for text in texts))
        with pytest.raises(csm.MetricInputError, match=r"can be read in two ways.*--dates day-first or --dates month"):
            files.read(file)
        assert files.read(file, way)["start"].tolist() == [pd.NaT, *map(pd.Timestamp, stamps)]
    file.write_text("customer,start,end,mrr\na,01/27/2026,,10\nb,01/28/2026,06/04/2026,20\n")
    words = ["report", "--subscriptions", file, "--as-of", "2026-06-30", "--out", tmp_path / "r.xlsx"]
    assert "--dates day-first or --dates month-first" in run(*words)[2]
    assert "no such month" in run(*words, "--dates", "day-first")[2]
    assert "must be day-first or month-first" in run(*words, "--dates", "us")[2]
    assert "Customer churn rate: 50 %" in run(*words, "--dates", "month-first")[1]
    file.write_text(
        "start,end,who\n2026-01-27 10:00:07,2026-01-27T10:00:00Z,1/2\n,9999-12-31,a\n2026-02-01,,b\nsoon,,b\n"
    )
    found = files.read(file)  # dates that are clear need no option; other text stays text
    assert found["start"].tolist()[::3] == [pd.Timestamp("2026-01-27 10:00:07"), "soon"]
    assert found["who"].tolist() == ["1/2", "a", "b", "b"]
