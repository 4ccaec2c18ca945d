"""Which plots each section of the page has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from csmetrics import plotting
from csmetrics._report.contents import Contents


class Drawing(NamedTuple):
    """A plot: what it shows, in words; the function that draws it on the Axes `ax`; and its size in inches."""

    words: str
    draw: Callable[..., Any]
    size: tuple[float, float] = (7.2, 3.9)


def drawings(section: str, contents: Contents) -> list[Drawing]:
    """Return the plots of a section; none where the report lacks what they show."""
    made = _OF.get(section)
    return [] if made is None else list(made(contents))


def _moved(contents: Contents) -> Iterator[Drawing]:
    for parts in contents.moved:
        yield Drawing(f"What moved {parts.metric}", partial(plotting.decomposition, parts))


def _bridge(contents: Contents) -> Iterator[Drawing]:
    source = contents.sources.get("movements")
    if source is None:
        return
    frame, periods = source.frame, source.periods
    if "start_mrr" in frame.columns and periods:
        yield Drawing("MRR from opening to closing", partial(plotting.bridge, frame, period=periods[-1]))
        yield Drawing("Movements of MRR by period", partial(plotting.movements, frame))
    yield from _over_time(contents, "movements", ("churn_rate", "nrr"))


def _retention(contents: Contents) -> Iterator[Drawing]:
    grid = contents.retention
    if grid is None:
        return
    rows, columns = grid.counts.shape
    tall, wide = min(max(0.36 * rows + 1.3, 2.8), 11.0), min(max(0.5 * columns + 2.2, 6.0), 14.0)
    yield Drawing("Retention by cohort", partial(plotting.retention, grid), (wide, tall))
    yield Drawing("Retention by age", partial(plotting.curves, grid))


def _customers(contents: Contents) -> Iterator[Drawing]:
    survey = contents.sources.get("survey")
    if survey is not None and "promoters" in survey.frame.columns:
        totals = survey.totals.tail(12)
        yield Drawing("NPS by period", partial(plotting.nps, totals), (7.2, 1.6 + 0.36 * len(totals)))
    yield from _over_time(contents, "tickets", ("fcr", "resolution_time"))


def _users(contents: Contents) -> Iterator[Drawing]:
    active, stages = contents.sources.get("active_users"), contents.sources.get("lifecycle")
    if active is not None and active.periods:
        yield Drawing("Active users and stickiness", partial(plotting.active_users, active.frame))
    if stages is not None and stages.periods:
        yield Drawing("Users that came and went quiet", partial(plotting.lifecycle, stages.frame))


def _health(contents: Contents) -> Iterator[Drawing]:
    if contents.health is not None:
        draw = partial(plotting.health, contents.health, contents.churned)
        yield Drawing("Customers by health band", draw, (5.6, 3.6))


def _over_time(contents: Contents, kind: str, metrics: tuple[str, ...]) -> Iterator[Drawing]:
    """Draw those of the metrics that have a value, where there are several periods."""
    source = contents.sources.get(kind)
    known = {one.spec.name for one in contents.figures if not one.why_not}
    for metric in metrics:
        if source is not None and len(source.periods) > 1 and metric in known:
            draw = partial(plotting.over_time, source.frame, metric, target=contents.targets.get(metric))
            yield Drawing(f"{metric} over time", partial(_in_hours, draw))


def _in_hours(draw: Callable[..., Any], *, ax: Any) -> Any:
    """Draw a metric; an axis of time has hours, as the builder of tickets counts them."""
    draw(ax=ax)
    if ax.get_ylabel().startswith("time"):
        ax.set_ylabel(ax.get_ylabel().replace("time", "hours", 1))
    return ax


_OF: Final[dict[str, Callable[[Contents], Iterator[Drawing]]]] = {
    "moved": _moved,
    "bridge": _bridge,
    "retention": _retention,
    "customers": _customers,
    "users": _users,
    "health": _health,
}
