"""The command line: ``csmetrics list``, ``show``, ``find``, ``explain``, ``interval``, ``report``, ``verify``."""

from __future__ import annotations

import json
import sys
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

try:
    import click
except ImportError as missing:
    raise ImportError('the command line needs click: pip install "csmetrics[cli]"') from missing

import csmetrics as csm
from csmetrics.core._registry import registered

_TABLES: Final = ("subscriptions", "events", "responses", "tickets", "customers")
_CONFIG: Final = "csmetrics.toml"
_KEYS: Final = (
    *_TABLES, "out", "as_of", "by", "freq", "title", "template", "columns", "targets", "dates", "zone", "skip_bad_rows",
)  # fmt: skip
_KINDS: Final[dict[str, tuple[Any, str]]] = {  # of the options that are not text
    "as_of": ((str, date), "a date"),
    "columns": (dict, "a table"),
    "targets": (dict, "a table"),
    "skip_bad_rows": (bool, "true or false"),
}
_IDS: Final = ("customer", "user", "ticket")
_NUMBERS: Final = ("mrr", "nps", "csat", "ces", "score", "contacts", "reopened", "escalated", "sla")
_STEPS: Final = 8  # of a report with every table, for the progress bar


class Pair(click.ParamType):  # type: ignore[type-arg]
    """An argument such as ``lost=5``."""

    name = "name=value"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Split it at the first ``=``."""
        if isinstance(value, tuple):
            return value
        name, sign, rest = value.partition("=")
        if not sign or not name or not rest:
            self.fail(f"{value!r} is not name=value", param, ctx)
        return name, rest


def _metrics(_context: Any, _parameter: Any, begun: str) -> list[str]:
    """Return the metrics whose names begin so, for the shell."""
    return [name for name in csm.catalog if name.startswith(begun)]


def _value(text: str) -> Any:
    """Read a number, a date, a list, or a word."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        if "," in text:
            return [_value(part) for part in text.split(",")]
    try:
        return datetime.fromisoformat(text) if text[:4].isdigit() else text
    except ValueError:
        return text


def _values(pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Read arguments such as ``lost=5 start=100``, each given once."""
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise click.UsageError(f"{name}= is there {count} times")
    return {name: _value(text) for name, text in pairs}


def _spec(metric: str) -> Any:
    return csm.catalog[registered(metric, click.get_current_context().info_name or "").name]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(csm.__version__, prog_name="csmetrics")
def cli() -> None:
    """Customer-success and revenue metrics, with one tested definition each.

    Shell completion: eval "$(_CSMETRICS_COMPLETE=bash_source csmetrics)"; also zsh_source and fish_source.
    """


@cli.command("list")
@click.option("--family", help="Only the metrics of one family, such as retention.")
def list_(family: str | None) -> None:
    """List every metric, by family."""
    families = dict.fromkeys(spec.family for spec in csm.catalog.values())
    if family is not None and family not in families:
        raise click.BadParameter(
            f"{family!r} is not a family; choose one of {', '.join(families)}", param_hint="--family"
        )
    for one in families if family is None else [family]:
        click.echo(click.style(one, bold=True))
        for spec in csm.catalog.values():
            if spec.family == one:
                click.echo(f"  {spec.name:<28}{spec.title} ({spec.unit})")


@cli.command()
@click.argument("metric", shell_complete=_metrics)
def show(metric: str) -> None:
    """Show what a metric means: formula, inputs, pitfalls, other definitions, sources."""
    from csmetrics._catalog.formula import formula_text

    spec = _spec(metric)
    click.echo(f"{click.style(spec.title, bold=True)} ({spec.name}): {spec.summary}\n")
    click.echo(f"  {formula_text(spec.name)}\n")
    better = "" if spec.direction == "neither" else f", {spec.direction} is better"
    click.echo(f"Unit: {spec.unit}{better}. Also called: {', '.join(spec.aliases)}.")
    click.echo("\nQuestions that it answers")
    for question in spec.questions:
        click.echo(f"  * {question}")
    click.echo("\nInputs")
    for name, one in spec.inputs.items():
        click.echo(f"  {name} ({one.kind}): {' '.join(one.meaning.split())}")
    for head, lines in (
        ("Pitfalls", spec.pitfalls),
        ("Other definitions in use", spec.rivals),
        ("Sources", spec.references),
    ):
        click.echo(f"\n{head}")
        for line in lines:
            click.echo(f"  * {' '.join(line.split())}")


@cli.command()
@click.argument("words", nargs=-1, required=True)
def find(words: tuple[str, ...]) -> None:
    """Find a metric by the words that people use for it, or by a question such as "are customers happy"."""
    found = csm.catalog.find(" ".join(words))
    if not found:
        raise csm.MetricInputError("find", "words", "must be like the name of a metric", f"got {' '.join(words)!r}")
    for spec in found:
        click.echo(f"{spec.name:<28}{spec.title}: {spec.summary}")


@cli.command()
@click.argument("metric", shell_complete=_metrics)
@click.argument("inputs", nargs=-1, type=Pair())
def explain(metric: str, inputs: tuple[tuple[str, str], ...]) -> None:
    """Compute a metric step by step: explain churn_rate lost=5 start=100."""
    click.echo(csm.explain(_spec(metric).function, **_values(inputs)))


@cli.command()
@click.argument("metric", shell_complete=_metrics)
@click.argument("inputs", nargs=-1, type=Pair())
@click.option("--confidence", type=float, default=95, show_default=True, help="Percent.")
@click.option("--method", help="Another method than the metric's own.")
def interval(metric: str, inputs: tuple[tuple[str, str], ...], confidence: float, method: str | None) -> None:
    """Say how sure a figure is: interval nps promoters=60 passives=20 detractors=20."""
    click.echo(csm.interval(_spec(metric).function, confidence=confidence, method=method, **_values(inputs)))


_FILE = click.Path(path_type=Path)
_DATES = click.option("--dates", help="How dates such as 01/02/2026 are written: day-first or month-first.")


def _file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for table in reversed(_TABLES):
        words = f"Table of {table}: CSV or Parquet."
        command = click.option(f"--{table}", type=_FILE, help=words)(command)
    return command


@cli.command()
@_file_options
@click.option("--out", type=_FILE, help="The file to write: .html or .xlsx.")
@click.option("--as-of", help="The last day that the tables cover.")
@click.option("--by", help="The segment by which changes are taken apart, as it was at the opening.")
@click.option("--freq", help="Length of the periods: W, M, Q or Y.  [default: M]")
@click.option("--title", help="Title of the report.")
@click.option("--template", type=_FILE, help="A TOML file with colours, logo, sections and metrics.")
@click.option("--column", "columns", multiple=True, type=Pair(), help="subscriptions.customer=account_id; repeatable.")
@click.option("--target", "targets", multiple=True, type=Pair(), help="nrr=105; repeatable.")
@_DATES
@click.option("--zone", help="The clock by which times with offsets are counted, such as Europe/Paris.")
@click.option("--skip-bad-rows", is_flag=True, default=None, help="Leave out rows that cannot be right, and say which.")
@click.option("--config", type=_FILE, help=f"Options as a file.  [default: {_CONFIG}, if that file exists]")
def report(config: Path | None, columns: Any, targets: Any, **given: Any) -> None:
    """Write the month's report from raw tables, as a page (.html) or a workbook (.xlsx).

    Options can stand in csmetrics.toml, under [report], so that next month is one command.
    """
    from csmetrics._report.files import on_clock, read
    from csmetrics._report.table_columns import TABLES

    options = _config(config) | {name: value for name, value in given.items() if value is not None}
    for name, column in columns:
        table, _, what = name.partition(".")
        if not what:
            rule, hint = "must name a table and what its column holds", f"--column subscriptions.{name}={column}"
            raise csm.MetricInputError("report", "--column", rule, f"got {name}={column}", hint)
        options.setdefault("columns", {}).setdefault(table, {})[what] = column
    options["targets"] = {**options.get("targets", {}), **_values(targets)}
    out = options.pop("out", None)
    if out is None or Path(out).suffix.lower() not in (".html", ".xlsx"):
        rule, found = "must be a file that ends in .html or .xlsx", f"got {'none' if out is None else out}"
        raise csm.MetricInputError("report", "--out", rule, found, "--out report.html")
    if not Path(out).parent.is_dir():
        raise csm.MetricInputError("report", "--out", "must be in a folder that exists", f"got {out}")
    files = {table: options.pop(table) for table in _TABLES if options.get(table) is not None}
    if not files:
        names = ", ".join(f"--{table}" for table in _TABLES)
        raise csm.MetricInputError("report", "--subscriptions", "must be given, or another table", "got none", names)
    dates, zone = options.pop("dates", None), options.pop("zone", None)
    bad = "report" if options.pop("skip_bad_rows", False) else "raise"
    with click.progressbar(length=len(files) + _STEPS, label="report", file=sys.stderr) as bar:

        def step(words: str) -> None:
            bar.label = words
            bar.update(1)

        tables: dict[str, Any] = {}
        for table, file in files.items():
            step(f"reading {table}")
            own = options.get("columns", {}).get(table, {})
            used = {own.get(name, name) for names in TABLES[table] for name in names}
            ids, numbers = ([own.get(name, name) for name in names] for names in (_IDS, _NUMBERS))
            tables[table] = on_clock(read(file, dates, used, ids=ids, numbers=numbers), Path(file).name, zone)
        scorecard = options.pop("targets")
        made = csm.report_from_tables(**tables, scorecard=scorecard, on_bad_rows=bad, progress=step, **options)
        step("writing")
        made.save(out)
        bar.update(len(files) + _STEPS - bar.pos)
    click.echo(repr(made))
    click.echo(f"Written: {out}")


def _config(path: Path | None) -> dict[str, Any]:
    """Read the options of a report from a file; the paths in it start where it stands."""
    file = Path(_CONFIG) if path is None else path
    if path is None and not file.exists():
        return {}
    try:
        found = tomllib.loads(file.read_text("utf-8")).get("report", {} if path is None else None)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise csm.MetricInputError("report", "--config", "must be TOML", f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise csm.MetricInputError("report", "--config", "must have the options under [report]", f"{file} has none")
    for name, value in found.items():
        if name not in _KEYS:
            rule = f"has the keys {', '.join(_KEYS)} under [report]"
            raise csm.MetricInputError("report", str(file), rule, f"got {name!r}")
        kind, words = _KINDS.get(name, (str, "text"))
        if not isinstance(value, kind):
            raise csm.MetricInputError("report", f"{name} in {file}", f"must be {words}", f"got {value!r}")
    return {
        name: file.parent.joinpath(value) if name in (*_TABLES, "out", "template") else value
        for name, value in found.items()
    }


@cli.command()
@click.argument("file", type=_FILE)
@click.option("--metric", required=True, shell_complete=_metrics, help="The metric that the results should be.")
@click.option("--result", help="The column of results.  [default: the metric's name, or result]")
@click.option("--column", "columns", multiple=True, type=Pair(), help="lost=cancelled; repeatable.")
@click.option("--data", multiple=True, type=Pair(), help="For a query: a table's name and file; repeatable.")
@_DATES
@click.option("--decimals", type=int, help="Decimals that the results were rounded to.")
@click.option(
    "--tolerance",
    type=float,
    default=1e-9,
    show_default=True,
    help="Largest relative difference that still counts as equal.",
)
def verify(
    file: Path,
    metric: str,
    result: str | None,
    columns: Any,
    data: Any,
    dates: str | None,
    decimals: Any,
    tolerance: float,
) -> None:
    """Check a table of inputs and results (.csv, .parquet) against a metric, or what a query gives (.sql).

    Exit code 1 says that the table is not that metric.
    """
    from csmetrics._report.files import query, read

    if data and file.suffix.lower() != ".sql":
        raise csm.MetricInputError("verify", "--data", "is for a query", f"got {file.name}", "a file that ends in .sql")
    spec, named = _spec(metric), _values(columns)
    numbers = [spec.name, "result", result, *spec.inputs, *(text for _, text in columns)]
    used = [name for name in numbers if name is not None]
    sql = file.suffix.lower() == ".sql"
    table = query(file, dict(data), dates) if sql else read(file, dates, used, numbers=numbers)
    found = csm.testing.verify_frame(
        table, spec.function, result=result, decimals=decimals, tolerance=tolerance, **named
    )
    click.echo(str(found))
    sys.exit(0 if found.ok else 1)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what cannot be right ends with one clear message and exit code 2."""
    from csmetrics._report.plain_words import in_options, without_code

    command = next(iter(sys.argv[1:] if arguments is None else arguments), "")

    def note(message: Any, *_: Any, **__: Any) -> None:
        click.echo(f"Note: {without_code(str(message))}", err=True)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", csm.CohortWarning)
            warnings.showwarning = note
            cli.main(arguments, prog_name="csmetrics", standalone_mode=True)
    except (csm.CsmetricsError, ImportError, TypeError, OSError) as error:
        if isinstance(error, csm.CsmetricsError):
            error = in_options(error, command if command in ("report", "verify") else "")
        click.echo(f"csmetrics: {' '.join(str(error).split())}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
