"""`csm.report`: a report from cohort frames, as one HTML file or a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import require
from csmetrics._report.contents import Contents
from csmetrics._report.frames import source
from csmetrics._report.page import html
from csmetrics._report.template import template as read_template
from csmetrics._statistics.scorecard import Scorecard
from csmetrics._statistics.targets import Target
from csmetrics.cohorts.grid import RetentionGrid
from csmetrics.core._options import is_number
from csmetrics.core._registry import registered
from csmetrics.errors import MetricInputError, shown


class Report:
    """A report of one period, the result of `csmetrics.report`.

    Attributes
    ----------
    figures : DataFrame
        A row per metric: value, change, noise, target, met.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    @property
    def figures(self) -> pd.DataFrame:
        """The figures of the report, a row per metric."""
        rows = {
            one.spec.name: {
                "value": one.value,
                "unit": one.unit,
                "period": one.period,
                "change": one.change,
                "noise": one.noise,
                "target": one.target_text,
                "met": one.met,
            }
            for one in self._contents.figures
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")

    def to_html(self) -> str:
        """Return the page as text: one HTML document that needs no network and no script.

        Returns
        -------
        str
            The document.

        Raises
        ------
        ImportError
            If Jinja2 or matplotlib is not installed.
        """
        return html(self._contents)

    def to_xlsx(self) -> bytes:
        """Return the workbook: totals as numbers, and rates as formulas over them.

        Returns
        -------
        bytes
            The file.

        Raises
        ------
        ImportError
            If XlsxWriter is not installed.
        """
        from csmetrics._report.workbook import workbook

        return workbook(self._contents)

    def save(self, path: Any) -> Path:
        """Write the report to a file: HTML or a workbook, as the name ends.

        Parameters
        ----------
        path
            The file, ending in ``.html`` or ``.xlsx``. An existing file is replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        MetricInputError
            If the name ends otherwise.
        OSError
            If the file cannot be written.
        ImportError
            If Jinja2, matplotlib or XlsxWriter is not installed.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> months = pd.DataFrame(
        ...     {"lost": [5, 7], "start": [100, 110]},
        ...     index=pd.period_range("2026-05", periods=2, freq="M", name="period"),
        ... )
        >>> csm.report(movements=months).save("june.pdf")
        Traceback (most recent call last):
            ...
        csmetrics.errors.MetricInputError: report: `path` must end in .html or .xlsx; got 'june.pdf'.
        """
        target = Path(path)
        if target.suffix.lower() == ".html":
            target.write_text(self.to_html(), "utf-8")
        elif target.suffix.lower() == ".xlsx":
            target.write_bytes(self.to_xlsx())
        else:
            raise MetricInputError("report", "path", "must end in .html or .xlsx", f"got {shown(str(path))}")
        return target

    def __repr__(self) -> str:
        rows = [
            f"  {one.spec.title}: {one.why_not or one.text}{f' ({one.change_text})' if one.change_text else ''}"
            for one in self._contents.figures
        ]
        return "\n".join([f"Report: {self._contents.title}, {self._contents.period or 'no period'}", *rows])

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own, so that neither changes the other."""
        from html import escape

        style = "width:100%;height:800px;border:1px solid #999"
        return f'<iframe title="Report" style="{style}" srcdoc="{escape(self.to_html())}"></iframe>'


def report(
    *,
    movements: Any = None,
    retention: Any = None,
    active_users: Any = None,
    lifecycle: Any = None,
    activation: Any = None,
    survey: Any = None,
    tickets: Any = None,
    onboarding: Any = None,
    adoption: Any = None,
    health: Any = None,
    scorecard: Any = None,
    as_of: Any = None,
    by: Any = None,
    title: str = "",
    template: Any = None,
) -> Report:
    """Make a report of a period from cohort frames: a page that explains itself, or a workbook with live formulas.

    Each figure stands with its change on the period before, its target, whether the change is more than noise, and how
    it was computed. What cannot be computed says why.

    Parameters
    ----------
    movements
        The bridge of `csmetrics.cohorts.movements_from_subscriptions` or one of its siblings. One of several periods
        gives changes and lines, one with segments tells what moved. Make segments that customers move between, such as
        plans, with ``by_at="opening"``: otherwise each move counts as a customer lost and another won.
    retention
        The result of `csmetrics.cohorts.retention`.
    active_users, lifecycle, activation, survey, tickets, onboarding, adoption
        Cohort frames, as the builders of `csmetrics.cohorts` of those names give them.
    health
        The result of `csmetrics.HealthScore.score`; or a pair of it and who left afterwards, a boolean per customer.
    scorecard
        A `csmetrics.Scorecard`, or a mapping of metrics to targets.
    as_of
        The last day of the report: periods that end later are left out. By default the last period of each frame.
    by
        The segments by which changes are taken apart, of `movements`; by default the levels of its index beside time.
    title
        The title.
    template
        How it looks: the path of a TOML file, or a mapping, with any of ``title``, ``company``, ``logo`` (an image
        beside the file), ``sections`` and ``metrics`` (which, in their order), and ``colors`` with ``accent``, ``good``
        and ``bad``.

    Returns
    -------
    Report
        With ``.save("june.html")``, ``.save("june.xlsx")``, ``.to_html()``, ``.to_xlsx()`` and `figures`.

    Raises
    ------
    MetricInputError
        If no frame is given, or an argument is not what it should be.
    MissingColumnError
        If `by` names no column of `movements`.

    See Also
    --------
    report_from_tables

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> months = pd.DataFrame(
    ...     {"lost": [5, 7], "start": [100, 110]}, index=pd.period_range("2026-05", periods=2, freq="M", name="period")
    ... )
    >>> csm.report(movements=months, scorecard={"churn_rate": 5}, title="June").figures[["value", "target", "met"]]
                   value     target    met
    metric
    churn_rate  6.363636  at most 5 %  False
    """
    frames = {
        "movements": movements,
        "survey": survey,
        "tickets": tickets,
        "onboarding": onboarding,
        "activation": activation,
        "adoption": adoption,
        "active_users": active_users,
        "lifecycle": lifecycle,
    }
    until = _day(as_of)
    sources = {kind: source(kind, frame, until) for kind, frame in frames.items() if frame is not None}
    if not sources and retention is None and health is None:
        raise MetricInputError("report", "movements", "must be given, or another cohort frame", "got none")
    if retention is not None and not isinstance(retention, RetentionGrid):
        found = f"got a {type(retention).__name__}"
        raise MetricInputError("report", "retention", "must be a RetentionGrid", found, "csm.cohorts.retention(events)")
    scores, churned = health if isinstance(health, tuple) and len(health) == 2 else (health, None)
    if scores is not None and not (isinstance(scores, pd.DataFrame) and "band" in scores):
        rule, hint = "must be the scores of customers, with their bands", "HealthScore.score(frame)"
        raise MetricInputError("report", "health", rule, f"got a {type(scores).__name__}", hint)
    return Report(
        Contents(
            sources,
            retention,
            scores,
            churned,
            _targets(scorecard),
            _segments(by, sources),
            read_template(template),
            title,
        )
    )


def _day(as_of: Any) -> pd.Timestamp | None:
    if as_of is None:
        return None
    try:
        given = datetime.fromisoformat(as_of) if isinstance(as_of, str) else as_of  # pandas guesses at 01/07/2026
        if not isinstance(given, (date, np.datetime64, pd.Period)):
            raise ValueError("no date")
        day = given.end_time if isinstance(given, pd.Period) else pd.Timestamp(given)
        if pd.isna(day):
            raise ValueError("no date")
    except (TypeError, ValueError):
        raise MetricInputError(
            "report", "as_of", "must be a date", f"got {shown(as_of)}", "such as '2026-06-30'"
        ) from None
    return day.tz_localize(None).normalize()


def _segments(by: Any, sources: Any) -> tuple[Any, ...]:
    movements = sources.get("movements")
    if by is None or movements is None:
        return tuple(movements.segments) if movements is not None else ()
    names = tuple(by) if isinstance(by, (list, tuple)) else (by,)
    for name in names:
        require(movements.frame, name, "report", "by")
    return names


def _targets(scorecard: Any) -> dict[str, Target | None]:
    """Read a `csmetrics.Scorecard`, or a mapping of metrics to targets; a number is a limit on its worse side."""
    if scorecard is None:
        return {}
    given = getattr(scorecard, "targets", scorecard)
    if not isinstance(given, Mapping):
        rule, hint = "must be a Scorecard, or a mapping of metrics to targets", 'such as {"nrr": 105}'
        raise MetricInputError("report", "scorecard", rule, f"got {shown(scorecard)}", hint)
    read = {}
    for metric, target in given.items():
        if is_number(target):
            better = registered(metric, "report").better
            target = Target(at_most=target) if better == "lower" else Target(at_least=target)
        read[metric] = target
    return dict(Scorecard(targets=read).targets) if read else {}  # type: ignore[arg-type]
