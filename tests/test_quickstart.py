"""The quickstart prints what the library computes, and reports a bad file in one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import csmetrics as csm

from .loading import load

SCRIPT = Path(__file__).parents[1] / "examples" / "quickstart.py"
GOOD = "plan,lost,start\npro,5,100\nfree,12,480\nfree,0,20\n"


quickstart = load(SCRIPT)


@pytest.fixture(scope="module")
def company() -> csm.datasets.SaasCompany:
    return csm.datasets.make_saas()


def cells(text: str, label: str, nth: int | None = None) -> list[str]:
    """Return the cells after a label, if one line begins with it, or those of the nth of several lines."""
    lines = [line for line in text.splitlines() if line.startswith(label)]
    assert nth is not None or len(lines) == 1
    return lines[nth or 0].removeprefix(label).split()


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = quickstart.main([str(a) for a in arguments])
    return code, *capsys.readouterr()


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "churn.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# ------------------------------------------------------------------------------------------------ the made-up company


def test_the_scorecard_prints_what_the_library_computes(capsys, company) -> None:
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert "made-up" in out.splitlines()[0]
    by_plan, total = company.cohorts.csm.by("plan"), company.cohorts.csm.total()

    churn = [*by_plan.churn_rate(), total.churn_rate()]
    assert cells(out, "Customer churn rate", nth=0)[:4] == [f"{x:.1f}%" for x in churn]
    nrr = [*by_plan.nrr(), total.nrr()]
    assert cells(out, "Net revenue retention", nth=0)[:4] == [f"{x:.1f}%" for x in nrr]
    nps = [*by_plan.nps(), total.nps()]
    assert cells(out, "Net Promoter Score", nth=0)[:4] == [f"{x:.1f}" for x in nps]
    cac = [*by_plan.cac(), total.cac()]
    assert cells(out, "Customer acquisition cost")[:4] == [f"${cents / 100:,.0f}" for cents in cac]
    effort = company.cohorts[["effort_sum", "ces_responses"]].sum()
    assert cells(out, "Customer effort score (CES)", nth=0)[3] == f"{effort.iloc[0] / effort.iloc[1]:.2f}"


def test_every_metric_is_there_and_none_is_averaged(company) -> None:
    card = quickstart.scorecard(company)
    assert set(card.index) == {*quickstart.TOTALS.split(), "median_ttv", "health_score"}
    assert list(card.columns) == [*quickstart.PLANS, "total"]
    assert card.notna().all(axis=None)
    start, lost = company.cohorts["start"].sum(), company.cohorts["lost"].sum()
    assert card.loc["churn_rate", "total"] == 100 * lost / start != card.loc["churn_rate", quickstart.PLANS].mean()


def test_every_customer_is_in_one_health_band(company) -> None:
    bands = quickstart.bands_by_plan(company)
    assert bands.loc["total"].sum() == len(company.health)
    assert bands.drop(index="total").sum(axis=1).to_dict() == company.health["plan"].value_counts().to_dict()


def test_it_fits_100_columns_of_plain_characters(capsys) -> None:
    _, out, _ = run(capsys)
    assert max(map(len, out.splitlines())) <= 100
    assert out.isascii()


def test_what_is_undefined_is_a_dash_with_the_reason(capsys, company) -> None:
    quickstart.show_company(csm.datasets.make_saas(30))
    out = capsys.readouterr().out
    assert "nan" not in out
    assert '"-" in Customer lifetime value: no value where `churn_rate` is 0' in out


# ------------------------------------------------------------------------------------------------------ from raw rows


def test_raw_rows_give_the_totals_of_the_scorecard(company) -> None:
    segments = company.cohorts.set_index(["plan", "region"])
    ledger = company.subscriptions.merge(company.accounts[["customer", "region"]], on="customer")
    moves = csm.cohorts.movements_from_subscriptions(ledger, as_of=company.as_of, by=["plan", "region"])
    assert moves.loc[company.period].to_dict("index") == segments[moves.columns].to_dict("index")
    month = quickstart.movements(company).loc[company.period]
    assert month.to_dict() == segments[moves.columns].sum().to_dict()

    totals = company.cohorts.groupby("plan", observed=True).sum(numeric_only=True)
    counted = quickstart.board(company).loc[company.period]
    shared = [name for name in counted if name in totals]
    others = {"new_users", "returning", "resurrected", "dormant", "signups", "activated", "median_ttv"}
    assert set(counted) - set(shared) == others
    pd.testing.assert_frame_equal(counted[shared], totals[shared], check_dtype=False, rtol=1e-12)

    daily = quickstart.active_users(company).loc[str(company.period)]
    assert daily["dau"].mean() == pytest.approx(totals["dau"].sum(), rel=1e-12)
    assert daily["mau"].iloc[-1] == totals["mau"].sum()
    assert quickstart.lifecycle(company).loc[company.period, "active"] == totals["mau"].sum()


def test_raw_rows_give_the_metrics_of_the_scorecard(capsys, company) -> None:
    card = quickstart.scorecard(company)
    month = quickstart.movements(company).loc[[company.period]]
    for name in ("churn_rate", "nrr", "grr"):
        assert month.csm.compute(name).item() == card.loc[name, "total"]
    counted = quickstart.board(company).loc[company.period].csm
    for name in ("fcr", "nps", "ces", "feature_adoption_rate"):
        assert counted.compute(name).tolist() == card.loc[name, quickstart.PLANS].tolist()

    quickstart.show_raw_rows(company)
    out = capsys.readouterr().out
    first, *_, churn, nrr, grr = cells(out, str(company.period), nth=0)
    assert [churn, nrr, grr] == [f"{card.loc[name, 'total']:.1f}%" for name in ("churn_rate", "nrr", "grr")]
    assert first == f"{company.cohorts['start'].sum():,}"
    assert cells(out, "starter", nth=0)[2] == f"{card.loc['nps', 'starter']:.1f}"


def test_last_month_stands_beside_this_one(capsys, company) -> None:
    months = quickstart.board(company)
    card = quickstart.two_months(months, company)
    before, now = company.period - 1, company.period
    assert list(card.columns) == [before, now, "change"]
    bridge = quickstart.movements(company)
    assert card.loc["nrr", [before, now]].tolist() == bridge.csm.nrr()[[before, now]].tolist()
    assert card.loc["churn_rate", now] == quickstart.scorecard(company).loc["churn_rate", "total"]
    assert set(quickstart.SIDE_BY_SIDE.split()) <= set(card.index)
    quickstart.show_two_months(months, company)
    out = capsys.readouterr().out
    churn = card.loc["churn_rate"]
    verdict = "better" if churn["change"] < 0 else "worse"
    assert cells(out, "Customer churn rate") == [f"{churn[before]:.1f}%", f"{churn[now]:.1f}%", verdict]
    assert cells(out, "Activation rate") == [f"{card.loc['activation_rate', before]:.1f}%", "-"]


def test_retention_of_a_week_that_runs_is_blank(capsys, company) -> None:
    grid = quickstart.weekly_retention(company)
    assert grid.state.iloc[-1].tolist()[:2] == ["in progress", "future"]
    quickstart.show_raw_rows(company)
    out = capsys.readouterr().out
    running = grid.sizes.index[-1]
    assert cells(out, f"{running.start_time:%Y-%m-%d}", nth=0) == [str(grid.sizes.iloc[-1])]
    assert "nan" not in out
    assert '"-" in median time to value: fewer than half' in out


@pytest.mark.parametrize("arguments", [{"customers": 30}, {"customers": 200, "end": "2026-06-14"}])
def test_raw_rows_of_small_and_unfinished_companies_are_shown(capsys, arguments) -> None:
    company = csm.datasets.make_saas(**arguments)
    quickstart.show_raw_rows(company)
    quickstart.show_two_months(quickstart.board(company), company)
    assert "nan" not in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------- the reader's file


def test_it_runs_as_a_script(write) -> None:
    command = [sys.executable, str(SCRIPT), "--customers", str(write(GOOD)), "--segment", "plan"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONWARNINGS": "error"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert cells(done.stdout, "free") == ["500", "12", "2.4%"]
    assert cells(done.stdout, "total") == ["600", "17", "2.8%"]


def test_a_bad_file_is_exit_code_2_for_the_shell(tmp_path) -> None:
    command = [sys.executable, str(SCRIPT), "--customers", str(tmp_path / "none.csv")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"quickstart: {tmp_path / 'none.csv'}: cannot read it: No such file or directory"
    ]


def test_without_a_segment_all_rows_come_together(capsys, write) -> None:
    code, out, _ = run(capsys, "--customers", write(GOOD))
    assert code == 0
    assert cells(out, "all rows") == ["600", "17", "2.8%"]


def test_columns_are_mapped_and_retention_computed(capsys, write) -> None:
    path = write("Plan;churned;opening; end ;new\npro;5;100;105;10\nfree;12;480;490;22\n")
    code, out, _ = run(capsys, "--customers", path, "--segment", "Plan", "--lost", "churned", "--start", "opening")
    assert code == 0
    assert cells(out, "pro") == ["100", "5", "5.0%", "95.0%"]
    assert cells(out, "total") == ["580", "17", "2.9%", "97.1%"]


def test_periods_stay_apart(capsys, write) -> None:
    path = write("plan,month,lost,start\na,2026-01,1,10\nb,2026-01,1,30\na,2026-02,2,10\nb,2026-02,2,10\n")
    code, out, _ = run(capsys, "--customers", path, "--segment", "plan", "--period", "month")
    assert code == 0
    assert [line.split() for line in out.splitlines() if "total" in line] == [
        ["2026-01", "total", "40", "2", "5.0%"],
        ["2026-02", "total", "20", "4", "20.0%"],
    ]
    write("plan,period,lost,start\na,1,1,10\na,2,1,10\n")
    _, out, _ = run(capsys, "--customers", path, "--segment", "plan")
    assert [line.split()[:2] for line in out.splitlines() if "total" in line] == [["1", "total"], ["2", "total"]]


def test_a_gap_is_no_zero(capsys, write) -> None:
    path = write("plan,lost,start\na,,10\na,1,10\n,1,20\nc,0,0\n")
    code, out, _ = run(capsys, "--customers", path, "--segment", "plan")
    assert code == 0
    assert cells(out, "a ") == ["20", "-", "-"]
    assert cells(out, "c ") == ["0", "0", "-"]
    assert cells(out, "(none)") == ["20", "1", "5.0%"]
    assert cells(out, "total") == ["40", "-", "-"]
    assert '"-" under lost: a value is missing' in out
    assert '"-" in Customer churn rate: no value where `start` is 0' in out


BAD = {
    "empty": ("", [], "it is empty"),
    "blank": ("\n \n", [], "it is empty"),
    "only a header": ("plan,lost,start\n", [], "it has a header and no rows"),
    "binary": (b"PK\x03\x04\x14\x00\x08\xff\xfe\x00", [], "not a CSV text file"),
    "another encoding": ("plan,lost,start\ncafé,1,10\n".encode("latin-1"), [], "not a CSV text file in UTF-8"),
    "utf-16": (GOOD.encode("utf-16"), [], "not a CSV text file in UTF-8"),
    "no CSV": ("lost,start\n1,2\n1,2,3\n", [], "does not read as CSV"),
    "an open quote": ('lost,"start\n1,2\n', [], "does not read as CSV"),
    "rows longer than the header": ("lost,start\n1,2,3\n1,2,3\n", [], "more fields than its header"),
    "a name twice": ("lost,lost,start\n1,1,2\n", [], "several columns named 'lost'"),
    "no such column": ("plan,cancelled,start\na,1,10\n", [], "Hint: lost='cancelled' (here: --lost 'cancelled')"),
    "wrong mapping": (GOOD, ["--start", "opening"], "churn_rate: no column 'opening'"),
    "wrong segment": (GOOD, ["--segment", "Plan"], "did you mean 'plan'?"),
    "wrong period": (GOOD, ["--period", "month"], "no column 'month'"),
    "wrong end": (GOOD, ["--end", "closing"], "retention_rate: no column 'closing'"),
    "text": ('lost,start\n1,10\n"1,200",4000\n', [], "'lost' must hold numbers; row 2 below the header has '1,200'"),
    "thousands": ("lost;start\n0;1.250\n10;300\n", [], "must hold whole numbers; row 1 below the header has 1.25"),
    "negative": ("plan,lost,start\na,-1,10\na,5,10\n", [], "must be >= 0"),
    "negative inside a sum": ("plan,lost,start\na,5,10\na,-1,10\n", ["--segment", "plan"], "(row 2 below the header)"),
    "more lost than there": ("lost,start\n1,100\n15,10\n", [], "first at position 1 (15), where `start` is 10"),
    "infinite": ("lost,start\n1,inf\n", [], "must be finite"),
    "flags": ("lost,start\nTrue,1\n", [], "must be numbers"),
}


@pytest.mark.parametrize(("content", "options", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_clear_line(capsys, write, content, options, message) -> None:
    path = write(content)
    code, out, err = run(capsys, "--customers", path, *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"quickstart: {path}: ")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_directory_is_no_file(capsys, tmp_path) -> None:
    code, out, err = run(capsys, "--customers", tmp_path)
    assert (code, out) == (2, "")
    assert "cannot read it" in err


def test_columns_without_a_file_are_refused(capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        quickstart.main(["--lost", "churned"])
    assert stop.value.code == 2
    assert "--lost needs --customers CSV" in capsys.readouterr().err
