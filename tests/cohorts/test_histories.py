"""The two ways to movements, by customer and by period, and the three ways in which a customer's changes are sorted."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.cohorts import _bridge, _histories
from csmetrics.cohorts._changes import Changes

from ..drawn import drawn
from .brute_bridge import Line
from .test_bridges import drawn_lines, frame_of, options, ways

pytestmark = pytest.mark.filterwarnings("ignore::csmetrics.errors.CohortWarning")  # of ends that touch, of balances


def changes(rng: np.random.Generator, size: int, accounts: int, periods: int, most: int) -> Changes:
    """Draw changes whose rows are some of more rows."""
    account, units = rng.integers(0, accounts, 2 * size), rng.integers(-most, most, 2 * size, endpoint=True)
    rows = np.sort(rng.choice(2 * size, size, replace=False))
    return Changes(account, rng.integers(0, periods, size, dtype=np.uint16).__getitem__, units, rows, size)


def plainly(gains: Changes, losses: Changes) -> list[tuple[int, int, int, int]]:
    """Walk through each account's periods in plain Python: account, period, balance before and after."""
    total: dict[tuple[int, int], int] = defaultdict(int)
    for one, sign in ((gains, 1), (losses, -1)):
        for row, period in zip(one.rows.tolist(), one.period(slice(None)).tolist(), strict=True):
            total[int(one.account[row]), period] += sign * int(one.units[row])
    out, balance = [], defaultdict(int)
    for (account, period), change in sorted(total.items()):
        out.append((account, period, balance[account], balance[account] + change))
        balance[account] += change
    return out


@pytest.mark.parametrize("word", [64, 34, 0], ids=["amounts", "places", "sorted apart"])
@pytest.mark.parametrize("part", [1, 50, 2**16])
@pytest.mark.parametrize("accounts", [1, 7, 3000])
def test_histories(monkeypatch: pytest.MonkeyPatch, word: int, part: int, accounts: int) -> None:
    monkeypatch.setattr(_histories, "_WORD", word)
    monkeypatch.setattr(_histories, "_PART", part)
    rng = np.random.default_rng(accounts)
    gains, losses = (changes(rng, size, accounts, 300, 2**27) for size in (700, 300))
    found = [*_histories.histories(gains, losses, accounts, 300)]
    rows = sorted(row for one in found for row in zip(*(column.tolist() for column in one), strict=True))
    assert rows == plainly(gains, losses)
    each = [set(one.account.tolist()) for one in found]
    assert len(set().union(*each)) == sum(map(len, each)), "no account is cut"
    assert len(found) > 1 or accounts == 1 or part > 50 or not word


@pytest.mark.parametrize("most", [0, 1, 2**60 - 1])
def test_histories_of_large_amounts(most: int) -> None:
    rng = np.random.default_rng(3)
    gains, losses = (Changes.of(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([u])) for u in (most, -most))
    (one,) = _histories.histories(gains, losses, 1, 1)
    assert (int(one.before[0]), int(one.after[0])) == (0, 2 * most)
    gains, losses = (changes(rng, 2, 2, 2, most) for _ in range(2))
    rows = [row for one in _histories.histories(gains, losses, 2, 2) for row in zip(*map(list, one), strict=True)]
    assert rows == plainly(gains, losses)


def test_no_change_at_all() -> None:
    none = Changes.of(*np.zeros((3, 0), np.int64))
    assert [*_histories.histories(none, none, 1, 1)] == []


@given(lines=drawn_lines(), how=ways(), data=st.data())
@drawn(30)
def test_both_ways_agree(lines: list[Any], how: Any, data: st.DataObject) -> None:
    """Labels by customer against the walk that compares all customers of each period, which `span` and others take."""
    amount = data.draw(st.sampled_from([1, 100, 3]))  # whole amounts, cents, and thirds, of many digits
    credit = data.draw(st.booleans())
    if credit:  # with nothing to lower: balances below 0 count as 0
        lines = [*lines, Line("a", how.covered - timedelta(days=70), None, -50, "pro", "EUR")]
    frame = frame_of(lines).drop(columns="money")
    frame = frame.assign(mrr=frame["mrr"] / amount if amount > 1 else frame["mrr"])
    asked = options(how) | {"span": 1, "by_at": "row"}
    asked["by"] = None if asked["by"] == "customer" else asked["by"]
    asked |= {"on_bad_rows": "report"} if credit else {}
    begun, ends = frame.assign(change=frame["mrr"]), frame.dropna(subset="end")
    ended = ends.assign(start=ends["end"], change=-ends["mrr"])
    changed = pd.concat([begun, ended]) if len(ended) else begun
    calls = (
        lambda: csm.cohorts.movements_from_subscriptions(frame, **asked),
        lambda: csm.cohorts.movements_from_subscriptions(frame, **asked, closed="both"),
        lambda: csm.cohorts.movements_from_snapshots(frame, date="start", **asked),
        lambda: csm.cohorts.movements_from_changes(changed, time="start", **asked),
    )
    for call in calls:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_bridge, "_label", _bridge._walk_all)
            expected = attempt(call)
        found = attempt(call)
        if isinstance(expected, str):
            assert found == expected
        else:
            pd.testing.assert_frame_equal(found, expected, check_exact=True)


def attempt(call: Any) -> Any:
    """Return the frame, or the words of the error."""
    try:
        return call()
    except csm.MetricInputError as error:
        return str(error)


def test_an_end_on_the_day_before_its_start() -> None:
    """In Newfoundland clocks were set back at 00:01: half an hour after midnight it was the day before again."""
    times = pd.to_datetime(["2010-11-07 02:30:30", "2010-11-07 03:00:00"], utc=True).tz_convert("America/St_Johns")
    assert times[1].date() < times[0].date()
    frame = pd.DataFrame({"customer": ["a", "b"], "start": times[0], "end": [times[1], pd.NaT], "mrr": 5})
    days = csm.cohorts.movements_from_subscriptions(frame, freq="D", as_of="2010-11-08")
    assert days[["new", "lost", "end"]].to_numpy().tolist() == [[1, 0, 1], [0, 0, 1]]
