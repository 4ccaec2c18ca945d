"""Frames of counts of pieces, added: those of all rows at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.cohorts import add

AS_OF = "2026-03-31"


def rows(count: int = 80, seed: int = 1) -> pd.DataFrame:
    """Make up rows that every builder of counts can read."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, count), unit="D")
    later = day + pd.to_timedelta(rng.integers(0, 40, count), unit="D")
    return pd.DataFrame(
        {
            "customer": np.arange(count),
            "user": np.arange(count),
            "created": day,
            "time": day,
            "started": day,
            "started_at": day,
            "value": later,
            "completed": later,
            "resolved": later,
            "score": rng.integers(0, 11, count),
            "plan": pd.Series(rng.choice(["free", "pro", "team"], count)),
            "tier": rng.integers(1, 3, count),
            "feature": rng.choice(["a", "b"], count),
            "eligible": True,
            "start": day,
            "end": pd.Series(later).where(rng.random(count) < 0.5),
            "mrr": rng.integers(1, 90, count),
        }
    )


BUILDERS: dict[str, Callable[..., pd.DataFrame]] = {
    "survey": lambda frame, **o: csm.cohorts.survey(frame, nps="score", ces={"column": "score", "scale": (0, 10)}, **o),
    "tickets": lambda frame, **o: csm.cohorts.tickets(frame, created="created", resolved="resolved", **o),
    "onboarding": lambda frame, **o: csm.cohorts.onboarding(
        frame, started="started", completed="completed", value="value", **o
    ),
    "movements": lambda frame, **o: csm.cohorts.movements_from_subscriptions(
        frame, **{"freq": "M", **{name: value for name, value in o.items() if value is not None}}
    ),
}
TIMED = {"survey": "time"}


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("freq", [None, "M"])
@pytest.mark.parametrize("by", [None, "plan", ["tier", "plan"]])
def test_pieces_add_up_to_the_whole(name: str, freq: str | None, by: Any) -> None:
    whole = rows()
    options: dict[str, Any] = {"freq": freq, "by": by, "as_of": AS_OF}
    if name == "survey" and freq is not None:
        options["time"] = "time"
    if name == "survey" and freq is None:
        del options["as_of"]
    made = [BUILDERS[name](whole.iloc[i::7], **options) for i in range(7)]
    expected = BUILDERS[name](whole, **options)
    got = add(reversed(made))
    kept = [column for column in expected if column not in ("median_ttv", "response_time", "resolution_time_sum")]
    pd.testing.assert_frame_equal(got[kept], expected[kept])
    assert ("median_ttv" in expected) == any("median_ttv" in note for note in got.attrs["notes"])
    for sums in ("resolution_time_sum",):
        if sums in expected:
            assert got[sums].to_numpy() == pytest.approx(expected[sums].to_numpy())


def test_customers_that_are_in_several_pieces_are_a_note() -> None:
    used = pd.DataFrame({"user": ["ann", "ann", "bob"], "feature": ["a", "b", "a"], "eligible": True})
    day = [csm.cohorts.adoption(used.iloc[i : i + 1], eligible="eligible") for i in range(3)]
    (note,) = add(day).attrs["notes"]
    assert "'adopters', 'eligible'" in note
    assert "no customer is in two pieces" in note
    answers = csm.cohorts.survey(pd.DataFrame({"score": [9]}), score="score")
    assert add([answers, answers]).attrs["notes"] == []


def test_missing_stays_missing_and_integers_stay_integers() -> None:
    events = pd.DataFrame({"user": [1, 1], "time": pd.to_datetime(["2026-01-01", "2026-01-03"])})
    days = csm.cohorts.active_users(events, wau=2, mau=3)
    both = add([days, days])
    assert both["wau"].tolist() == [pd.NA, 2, 2]
    assert str(both["wau"].dtype) == "Int64"
    large = pd.DataFrame({"revenue": [2**62]}, index=["total"])
    assert add([large] * 3)["revenue"].tolist() == [3 * 2**62]
    assert add([add([large] * 3), add([large] * 3)])["revenue"].tolist() == [6 * 2**62]


def test_notes_and_bad_rows_of_all_pieces() -> None:
    bad = pd.DataFrame({"score": [9.0, 4.5, 11]})
    one = csm.cohorts.survey(bad.iloc[:2], score="score", on_bad_rows="report")
    two = csm.cohorts.survey(bad.iloc[2:], score="score", on_bad_rows="report")
    none = csm.cohorts.survey(bad.iloc[:1], score="score", on_bad_rows="report")
    assert add([none, one, two]).attrs["excluded"]["rows"] == 2
    one.attrs["notes"] = ["A note."]
    assert add([none, one, one]).attrs["notes"] == ["A note."]


def test_what_comparisons_must_know_stays() -> None:
    """Periods of a span overlap, and later cohorts have had less time: sums of frames are compared with care, too."""
    year = csm.cohorts.movements_from_subscriptions(rows(), span=2, as_of=AS_OF)
    assert add([year, year]).attrs["span"] == 2
    bought = csm.cohorts.purchases(rows(), time="start", amount="mrr", freq="M", as_of=AS_OF)
    assert add([bought, bought]).attrs["growing"] == bought.attrs["growing"] != []


ANSWERS = csm.cohorts.survey(rows(), score="score", by="plan")
MOVES = csm.cohorts.movements_from_subscriptions(rows(), as_of=AS_OF)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([], "got none"),
        (ANSWERS, "got a DataFrame"),
        ([ANSWERS, 3], "got a int"),
        ([csm.cohorts.activity(rows())], "got a Activity"),
        ([ANSWERS, ANSWERS.drop(columns="passives")], "must have the same columns"),
        ([ANSWERS, ANSWERS.rename_axis("tier")], "must have the same index levels"),
        (
            [MOVES, csm.cohorts.movements_from_subscriptions(rows(), freq="W", as_of=AS_OF)],
            "must have the same periods",
        ),
        ([MOVES, csm.cohorts.movements_from_subscriptions(rows(), span=2, as_of=AS_OF)], "same span; got 1 and 2"),
        ([MOVES, MOVES.iloc[:-1]], r"must end with the same period; got 2026-02 and 2026-03, with the stocks 'start'"),
        ([ANSWERS.assign(rate=0.5)], "'rate', which may be a rate"),
        ([ANSWERS.assign(name="x")], "'name', which may be a rate or a text"),
        ([pd.DataFrame({"nps": [50.0]})], "got only 'nps'"),
    ],
)
def test_what_does_not_add(frames: Any, expected: str) -> None:
    with pytest.raises(csm.MetricInputError, match=expected):
        add(frames)
