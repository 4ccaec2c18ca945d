"""Every plot on ordinary and on extreme data: it returns its Axes, says what it shows, and no text overlaps another."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import csmetrics as csm
from csmetrics import plotting

from .overlaps import texts, wrong

LONG = "Enterprise customers of the north-western region, paid yearly <script> $x^2$ =cmd()"


def months(count: int, start: str = "2024-07") -> pd.PeriodIndex:
    return pd.period_range(start, periods=count, freq="M", name="period")


def bridge(count: int = 6, size: float = 1.0) -> pd.DataFrame:
    at = np.arange(count, dtype=float)
    frame = pd.DataFrame({"new": 40.0 + at, "reactivated": 1.0, "lost": 9.0 + at % 3}, index=months(count))
    frame.insert(0, "start", 100 + (frame["new"] + 1 - frame["lost"]).cumsum().shift(fill_value=0))
    frame["end"] = frame["start"] + frame["new"] + 1 - frame["lost"]
    money = pd.DataFrame(
        {
            "new_mrr": 400.0,
            "expansion_mrr": 120.0,
            "reactivation_mrr": 10.0,
            "contraction_mrr": 60.0,
            "churned_mrr": 150 + at,
        },
        index=frame.index,
    )
    change = money["new_mrr"] + 130 - 60 - money["churned_mrr"]
    money.insert(0, "start_mrr", 5000 + change.cumsum().shift(fill_value=0))
    money["end_mrr"] = money["start_mrr"] + change
    return frame.join(money * size)


def segments(names: list[str], count: int = 6) -> pd.DataFrame:
    parts = {name: bridge(count) * (1 + place) for place, name in enumerate(names)}
    return pd.concat(parts, names=["plan"]).swaplevel().sort_index()


def grid(cohorts: int = 5, value: float | None = None, days: int = 30) -> Any:
    rows = [
        (f"{cohort}-{user}", pd.Timestamp("2024-01-03") + pd.DateOffset(months=cohort + age))
        for cohort in range(cohorts)
        for user in range(12)
        for age in range(cohorts - cohort)
        if age == 0 or (user + age) % 4
    ]
    events = pd.DataFrame(rows, columns=["user", "time"])
    end = pd.Timestamp("2024-01-03") + pd.DateOffset(months=cohorts - 1)
    as_of = (end + pd.offsets.MonthEnd(0)) if days >= 30 else end
    if value is None:
        return csm.cohorts.retention(events, as_of=as_of)
    return csm.cohorts.retention(events.assign(amount=value), value="amount", as_of=as_of)


def nobody() -> Any:
    events = pd.DataFrame({"user": pd.Series(dtype=object), "time": pd.Series(dtype="datetime64[ns]")})
    return csm.cohorts.retention(events, as_of="2026-01-31")


def answers(names: list[str]) -> pd.DataFrame:
    at = np.arange(len(names))
    return pd.DataFrame(
        {"promoters": 60 + at, "passives": 20, "detractors": 20 + 3 * at}, index=pd.Index(names, name="plan")
    )


def days(count: int, size: float = 1.0) -> pd.DataFrame:
    index = pd.period_range("2026-01-01", periods=count, freq="D", name="period")
    at = np.arange(count)
    return pd.DataFrame({"dau": (20 + at % 7) * size, "wau": 60.0 * size, "mau": (90 + at) * size}, index=index)


def lifecycle(count: int, size: float = 1.0) -> pd.DataFrame:
    columns = {"new_users": 30.0, "returning": 50.0, "resurrected": 6.0, "dormant": 12.0}
    return pd.DataFrame(columns, index=months(count)) * size


def steps(names: list[str], size: float = 1.0) -> pd.DataFrame:
    counts = [size * 2.0**-place for place in range(len(names))]
    return pd.DataFrame({"step": names, "entered": [counts[0], *counts[:-1]], "converted": counts})


def waiting(count: int, by: Sequence[str | None] | None = None) -> Any:
    start = pd.to_datetime("2026-01-01") + pd.to_timedelta(np.arange(count) % 20, unit="D")
    end = pd.Series(start + pd.to_timedelta((np.arange(count) * 7) % 40, unit="D")).where(np.arange(count) % 3 > 0)
    frame = pd.DataFrame({"start": start, "end": end})
    if by is None:
        return csm.survival.kaplan_meier_from_dates(frame, as_of="2026-03-31")
    frame["plan"] = [by[i % len(by)] for i in range(count)]
    return csm.survival.kaplan_meier_from_dates(frame, as_of="2026-03-31", by="plan")


def scores(count: int) -> pd.DataFrame:
    return pd.DataFrame({"band": np.resize(np.array(["red", "yellow", "green", "green", None], dtype=object), count)})


def moved(names: list[str], size: int = 1) -> Any:
    june = pd.DataFrame({"plan": names, "lost": [5 * size] * len(names), "start": [500 * size] * len(names)})
    july = june.assign(
        lost=[size * (9 + 4 * i) for i in range(len(names))], start=[size * (400 + 90 * i) for i in range(len(names))]
    )
    return csm.decompose(csm.churn_rate, june, july, by="plan")


def fan(count: int, size: float = 1.0) -> pd.DataFrame:
    at = np.arange(count)
    table = pd.DataFrame(
        {"estimate": 80.0 - 2 * at, "low": 79.0 - 3 * at, "high": 81.0 - at}, index=months(count, "2026-07")
    )
    return table * size


def board(count: int) -> Any:
    targets = {"churn_rate": csm.Target(at_most=8), "nrr": csm.Target(at_least=100), "arpa": None, "csat": None}
    return csm.Scorecard(targets=targets).evaluate(bridge(count))


MANY = [f"{LONG[:20]} {i}" for i in range(24)]
GAPS = bridge() * np.nan
ORDINARY: dict[str, Callable[..., Any]] = {
    "retention": lambda **o: grid().plot(**o),
    "retention in progress": lambda **o: grid(days=3).plot(**o),
    "curves": lambda **o: grid().plot.curves(**o),
    "layers": lambda **o: grid(value=10.0).plot.layers(**o),
    "bridge": lambda **o: bridge().csm.plot.bridge(**o),
    "bridge of a month": lambda **o: bridge().csm.plot.bridge(period="2024-09", what="customers", **o),
    "movements": lambda **o: bridge().csm.plot.movements(**o),
    "active users": lambda **o: days(60).csm.plot.active_users(**o),
    "lifecycle": lambda **o: lifecycle(6).csm.plot.lifecycle(**o),
    "funnel": lambda **o: steps(["visit", "sign up", "pay"], 800).csm.plot.funnel(**o),
    "nps": lambda **o: answers(["pro", "free"]).csm.plot.nps(**o),
    "over time": lambda **o: bridge().csm.plot.over_time("churn_rate", target=8, **o),
    "over time by plan": lambda **o: segments(["pro", "free"]).csm.by("plan").plot.over_time("nrr", target=101, **o),
    "survival": lambda **o: waiting(60).plot(unit="days", **o),
    "survival by plan": lambda **o: waiting(60, ["pro", "free"]).plot(unit="days", **o),
    "health": lambda **o: plotting.health(scores(60), **o),
    "health and churn": lambda **o: plotting.health(scores(60), np.arange(60) % 4 == 0, **o),
    "decomposition": lambda **o: moved(["pro", "free"]).plot(**o),
    "scorecard": lambda **o: board(12).plot(**o),
    "forecast": lambda **o: plotting.forecast(
        fan(6), history=pd.Series(90.0, months(3, "2026-04")), unit="percent", **o
    ),
}
EXTREME: dict[str, Callable[..., Any]] = {
    "24 cohorts": lambda **o: grid(24).plot(**o),
    "24 curves": lambda **o: grid(24).plot.curves(**o),
    "24 layers": lambda **o: grid(24, value=10.0).plot.layers(**o),
    "one cohort": lambda **o: grid(1).plot(**o),
    "one curve": lambda **o: grid(1).plot.curves(**o),
    "one layer": lambda **o: grid(1, value=10.0).plot.layers(**o),
    "no cohorts": lambda **o: nobody().plot(**o),
    "no curves": lambda **o: nobody().plot.curves(**o),
    "no layers": lambda **o: nobody().plot.layers(**o),
    "huge layers": lambda **o: grid(6, value=1e13).plot.layers(**o),
    "tiny amounts": lambda **o: grid(6, value=1e-7).plot(**o),
    "huge bridge": lambda **o: bridge(3, 1e13).csm.plot.bridge(**o),
    "tiny bridge": lambda **o: bridge(3, 1e-7).csm.plot.bridge(**o),
    "missing bridge": lambda **o: GAPS.csm.plot.bridge(**o),
    "no bridge": lambda **o: bridge().iloc[:0].csm.plot.bridge(**o),
    "60 movements": lambda **o: bridge(60).csm.plot.movements(**o),
    "missing movements": lambda **o: GAPS.csm.plot.movements(**o),
    "huge movements": lambda **o: bridge(3, 1e13).csm.plot.movements(**o),
    "one day": lambda **o: days(1).csm.plot.active_users(**o),
    "no days": lambda **o: (days(3) * np.nan).csm.plot.active_users(**o),
    "900 days": lambda **o: days(900, 1e9).csm.plot.active_users(**o),
    "one month of users": lambda **o: lifecycle(1, 1e9).csm.plot.lifecycle(**o),
    "nobody lives": lambda **o: (lifecycle(3) * np.nan).csm.plot.lifecycle(**o),
    "long steps": lambda **o: steps([LONG, LONG + "2", "x"], 1e9).csm.plot.funnel(**o),
    "empty funnel": lambda **o: steps(["a", "b"], 0.0).csm.plot.funnel(**o),
    "long answers": lambda **o: answers([LONG, "_hidden", ""]).csm.plot.nps(**o),
    "24 answers": lambda **o: answers(MANY).csm.plot.nps(**o),
    "no answers": lambda **o: (answers(["a"]) * 0).csm.plot.nps(**o),
    "some without answers": lambda **o: (answers(["a", "b"]).mul([0, 1], axis=0)).csm.plot.nps(**o),
    "one month": lambda **o: bridge(1).csm.plot.over_time("churn_rate", target=5, **o),
    "60 months": lambda **o: bridge(60).csm.plot.over_time("nrr", **o),
    "missing months": lambda **o: GAPS.csm.plot.over_time("churn_rate", **o),
    "24 plans": lambda **o: segments(MANY).csm.by("plan").plot.over_time("churn_rate", **o),
    "long plans": lambda **o: segments([LONG, "_b", "$c$"]).csm.by("plan").plot.over_time("arpa", **o),
    "huge money": lambda **o: bridge(5, 1e13).csm.plot.over_time("arr", mrr="end_mrr", **o),
    "long groups of survival": lambda **o: waiting(60, [LONG, "_b"]).plot(**o),
    "one customer waits": lambda **o: waiting(1).plot(**o),
    "no scores": lambda **o: plotting.health(scores(60).assign(band=None), **o),
    "one score": lambda **o: plotting.health(scores(1), [True], **o),
    "24 segments moved": lambda **o: moved(MANY).plot(**o),
    "huge moves": lambda **o: moved(["a", "b"], 10**9).plot(**o),
    "scorecard of one month": lambda **o: board(1).plot(**o),
    "one forecast": lambda **o: plotting.forecast(fan(1), **o),
    "forecast of a model": lambda **o: plotting.forecast(csm.survival.sbg([90, 63, 47, 38]).fan(3, resamples=100), **o),
    "bridge of nothing": lambda **o: plotting.bridge(0 * bridge(), **o),
    "no forecast": lambda **o: plotting.forecast(fan(0), **o),
    "huge forecast": lambda **o: plotting.forecast(fan(40, 1e12), unit="money", **o),
}
SMALL = (3.4, 2.9)  # inches: half a slide
every = pytest.mark.parametrize("draw", [*ORDINARY.values(), *EXTREME.values()], ids=[*ORDINARY, *EXTREME])
ordinary = pytest.mark.parametrize("draw", ORDINARY.values(), ids=ORDINARY)


@every
@pytest.mark.sampled(3)
def test_texts_keep_apart(draw: Callable[..., Any]) -> None:
    plot = draw()
    assert isinstance(plot, Axes)
    assert wrong(plot) == []
    assert plot.get_title(loc="left")


@every
@pytest.mark.sampled(5)
def test_texts_keep_apart_in_a_small_plot(draw: Callable[..., Any]) -> None:
    figure, ax = plt.subplots(figsize=SMALL, layout="constrained")
    assert draw(ax=ax) is ax
    assert wrong(ax) == []
    assert figure.axes[0] is ax


@ordinary
@pytest.mark.sampled(3)
def test_a_plot_leaves_everything_else_alone(draw: Callable[..., Any]) -> None:
    """No setting changes, no other figure; on somebody's Axes no figure is opened."""
    before = dict(mpl.rcParams)
    other = plt.figure()
    ax = Figure().add_subplot()
    draw(ax=ax)
    assert plt.get_fignums() == [other.number]
    draw()
    assert len(plt.get_fignums()) == 2
    assert other.axes == []
    assert dict(mpl.rcParams) == before


@ordinary
@pytest.mark.sampled(5)
@pytest.mark.parametrize("style", ["dark_background", "grayscale"])
def test_words_are_read_on_every_page(draw: Callable[..., Any], style: str) -> None:
    with plt.style.context(style):
        plot = draw()
        paper = luminance(plot.get_facecolor())
        written = [luminance(t.get_color()) for t in [plot._left_title, *plot.get_xticklabels(), plot.yaxis.label]]
    assert all(abs(paper - ink) > 0.5 for ink in written)


def luminance(color: Any) -> float:
    return float(np.dot(mpl.colors.to_rgb(color), (0.2126, 0.7152, 0.0722)))


def test_users_of_months_are_named_so() -> None:
    index = pd.period_range("2026-01", periods=3, freq="M", name="period")
    months = pd.DataFrame({"dau": [10.5, 11, 12], "mau": [40, 41, 42]}, index=index)
    for frame, words in ((months, ["in the period", "on the mean day"]), (days(60), ["monthly (MAU)", "daily (DAU)"])):
        legend = [text.get_text() for text in frame.csm.plot.active_users().get_legend().get_texts()]
        assert [legend[0], legend[-2]] == words


def test_a_single_point_is_seen() -> None:
    assert plotting.forecast(fan(1)).lines[0].get_marker() == "o"
    right = days(1).csm.plot.active_users().figure.axes[1]
    assert right.lines[0].get_marker() == "s"
    months = bridge(50) * 1.0
    months.iloc[1:-3] = months.iloc[-2] = np.nan
    ax = months.csm.plot.over_time("churn_rate")
    assert np.flatnonzero(ax.lines[0].get_markevery()).tolist() == [0, 47, 49]
    assert len(ax.collections[0].get_segments()) == 3  # their intervals


def test_names_and_numbers_thin_out_together_where_rows_are_low() -> None:
    _, ax = plt.subplots(figsize=(4, 2.5), layout="constrained")
    answers(MANY).csm.plot.nps(ax=ax)
    assert wrong(ax) == []
    rows = [round(text.xy[1]) for text in ax.texts]
    assert rows == [round(tick) for tick in ax.get_yticks()]
    assert len(rows) < len(MANY)


def test_small_multiples() -> None:
    found = segments(["pro", "free", LONG, "$x$"]).csm.plot.small_multiples("churn_rate", by="plan", target=9)
    assert found.shape == (4,)
    assert wrong(found) == []
    assert found[0].get_ylim() == found[3].get_ylim()
    assert [ax.get_title(loc="left") for ax in found][-1] == "pro"
    many = segments(MANY).csm.plot.small_multiples(csm.nrr, by="plan", columns=5)
    assert many.shape == (24,)
    assert wrong(many) == []
    assert wrong(segments(["pro"])[:0].csm.plot.small_multiples("churn_rate", by="plan")) == []


def test_segments_whose_names_begin_alike_are_all_drawn() -> None:
    long: list[Any] = [f"{LONG} {LONG} {word}" for word in ("east", "west")] + ["a b", "a  b", None]
    assert len(waiting(60, long).plot().lines) == 5
    assert len({text.get_text() for text in waiting(60, long).plot().get_legend().get_texts()}) == 5
    assert len(segments(long[:2]).csm.by("plan").plot.over_time("churn_rate").lines) == 2
    titles = [ax.get_title(loc="left") for ax in segments(long[:2]).csm.plot.small_multiples("churn_rate", by="plan")]
    assert [title[-4:] for title in titles] == ["east", "west"]


# What is drawn is what the library computes


def test_the_triangle_shows_the_grid() -> None:
    made = grid(3, days=3)
    words = [text.get_text() for text in made.plot().texts]
    assert words[0] == "100%\n12"
    assert len(words) == int((made.state == "observed").to_numpy().sum())
    ax = made.plot(cells="counts")
    assert ax.texts[0].get_text() == "12"
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert len(hatched) == int((made.state == "in progress").to_numpy().sum()) > 0


def test_the_bridge_ends_where_the_frame_ends() -> None:
    frame = bridge()
    ax = frame.csm.plot.bridge()
    bars = ax.patches
    assert bars[0].get_height() == frame["start_mrr"].iloc[0]
    assert bars[-1].get_height() == pytest.approx(frame["end_mrr"].iloc[-1])
    before_last = bars[-2]
    assert before_last.get_y() + before_last.get_height() == pytest.approx(frame["end_mrr"].iloc[-1])
    assert segments(["a"]).csm.plot.bridge().patches[-1].get_height() == pytest.approx(bars[-1].get_height())


def test_the_line_is_the_metric() -> None:
    frame = bridge()
    ax = frame.csm.plot.over_time("churn_rate", target=8)
    assert ax.lines[0].get_ydata() == pytest.approx(frame.csm.churn_rate().to_numpy())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["churn rate", "95% interval", "target: 8%"]
    two = segments(["pro", "free"])
    ax = two.csm.by("plan").plot.over_time("churn_rate")
    wanted = two.csm.by("plan", "period").churn_rate()
    assert ax.lines[0].get_ydata() == pytest.approx(wanted.loc["free"].to_numpy())


def test_a_missing_period_leaves_a_gap_as_long_as_it_is() -> None:
    ax = bridge().drop(months(2, "2024-08")).csm.plot.over_time("churn_rate")
    assert list(ax.lines[0].get_xdata()) == [0, 3, 4, 5]


def test_the_scores_are_the_formulas() -> None:
    ax = answers(["pro"]).csm.plot.nps()
    found = csm.interval(csm.nps, promoters=60, passives=20, detractors=20)
    assert ax.texts[0].get_text() == f"NPS 40 [{found.low:.0f}, {found.high:.0f}]"
    bars = answers(["pro", "free"]).csm.total().plot.nps().containers
    assert sum(bar[0].get_width() for bar in bars) == pytest.approx(100)


def test_bands_show_their_churn() -> None:
    table = pd.DataFrame({"band": ["red"] * 4 + ["green"] * 4, "gone": [1, 1, 0, 0, 0, 0, 0, 1]})
    ax = plotting.health(table, "gone")
    assert [patch.get_height() for patch in ax.patches] == [50.0, 25.0]


def test_the_band_is_the_interval_of_the_curve() -> None:
    curve = waiting(60)
    ax = curve.plot()
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    time = float(curve.table.index[3])
    found = curve.interval(time)
    assert any(np.isclose(corners, found.low))
    assert any(np.isclose(corners, found.high))


def test_names_are_text() -> None:
    ax = answers(["$x^2$ and $y$", "_hidden", "two\nlines"]).csm.plot.nps()
    shown = [text.get_text() for text in texts(ax.figure)]
    assert {r"\$x^2\$ and \$y\$", " _hidden", "two lines"} <= {*shown}


# What cannot be drawn


def test_a_plot_has_to_be_named() -> None:
    with pytest.raises(TypeError, match=r"name the plot: \.plot\.bridge"):
        bridge().csm.plot()
    with pytest.raises(AttributeError, match="it has curves, layers"):
        grid().plot.bridge()
    assert dir(grid().plot) == ["curves", "layers"]


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plotting.retention(pd.DataFrame()), "`grid` must be a RetentionGrid; got a DataFrame"),
        (lambda: grid().plot(cells="all"), "must be 'both', 'percent' or 'counts'; got 'all'"),
        (lambda: bridge().csm.plot.bridge(period="2030-01"), "must be a period of the frame"),
        (lambda: bridge().csm.plot.bridge(what="arr"), "must be 'mrr' or 'customers'; got 'arr'"),
        (lambda: bridge().drop(columns="new_mrr").csm.plot.bridge(), "no column 'new_mrr'"),
        (lambda: steps(["a"]).csm.plot.over_time("nps"), "must name the time axis"),
        (lambda: bridge().csm.plot.over_time("churn_rate", target="low"), "must be a number or a csm.Target"),
        (lambda: bridge().csm.plot.over_time("churn_rate", confidence=0.95), "confidence"),
        (lambda: plotting.health(scores(5), [True]), "must be as long as `scores`; got 1 for 5"),
        (lambda: plotting.health(pd.DataFrame({"a": [1]})), "no column 'band'"),
        (lambda: plotting.health([1]), "must be a pandas DataFrame; got a list"),
        (lambda: plotting.survival(bridge()), "must be a curve of survival"),
        (lambda: plotting.decomposition(bridge()), "must be a Decomposition"),
        (lambda: plotting.forecast(bridge()), "no column 'estimate'"),
        (lambda: plotting.scorecard(bridge()), "must be an evaluated scorecard"),
        (lambda: csm.cohorts.retention(
            pd.DataFrame({"user": [1], "time": pd.to_datetime(["2026-01-01"])}), brackets=[2]).plot.layers(),
            "must hold the amounts of single periods"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_says_why(draw: Callable[[], Any], words: str) -> None:
    with pytest.raises(csm.CsmetricsError, match=re.escape(words)):
        draw()


def test_every_plot_takes_axes_and_says_what_it_returns() -> None:
    for name in plotting.__all__:
        function = getattr(plotting, name)
        takes = inspect.signature(function).parameters
        assert ("ax" in takes) != (name == "small_multiples"), name
        assert name == "small_multiples" or takes["ax"].default is None, name


def test_engines_are_drawn_like_pandas() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.from_pandas(bridge().reset_index().assign(period=lambda f: f["period"].astype(str)))
    ax = csm.over(frame).plot.over_time("churn_rate")
    assert ax.lines[0].get_ydata() == pytest.approx(bridge().csm.churn_rate().to_numpy())
    assert wrong(csm.over(frame).plot.bridge()) == []


def test_without_matplotlib_an_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import csmetrics as csm, pandas as pd\n"
        "try: pd.DataFrame({'lost': [1], 'start': [2]}).csm.plot.nps()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == 'plots need matplotlib: pip install "csmetrics[plot]"\n'
