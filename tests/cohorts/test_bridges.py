"""Random ledgers with every argument against the plain walk: gaps, plans at the opening, exchange rates, changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn
from ..engine_frames import FRAMES
from .brute_bridge import How, Line, Rates, Table, bridge
from .brute_movements import first_instant, next_first_instant

pytestmark = pytest.mark.filterwarnings("ignore::csmetrics.errors.CohortWarning")  # of ends that touch by chance
check = drawn(50)
FIRST, COVERED = datetime(2024, 1, 1), datetime(2024, 8, 1)
moments = st.integers(0, 300).map(lambda n: FIRST + timedelta(days=n / 2))


@st.composite
def drawn_lines(draw: st.DrawFn) -> list[Line]:
    out = []
    for _ in range(draw(st.integers(1, 9))):
        start, length = draw(moments), draw(st.sampled_from([None, 0, 1, 10, 31, 60]))
        end = None if length is None else start + timedelta(days=length)
        mrr = draw(st.sampled_from([0, 100, 100, 250, 999]))
        customer, group, currency = (draw(st.sampled_from(some)) for some in ("abc", ["pro", "team"], ["EUR", "USD"]))
        out.append(Line(customer, start, end, mrr, group, currency))
        off = draw(st.sampled_from([0, 0, mrr // 2, mrr]))
        if off:  # a credit, for all or for some days of the line
            since = start + timedelta(days=draw(st.sampled_from([0, 1])))
            until = end if draw(st.booleans()) or length in (0, 1) else since + timedelta(days=5)
            out.append(Line(customer, min(since, end or since), until, -off, group, currency))
    return out


@st.composite
def ways(draw: st.DrawFn) -> How:
    freq = draw(st.sampled_from(["M", "W", "Q"]))
    grace, span = timedelta(days=draw(st.sampled_from([0, 0, 3, 30]))), draw(st.integers(1, 3))
    return How(freq, COVERED, grace, span, draw(st.sampled_from(["", "group", "customer"])), draw(WHERE))


WHERE = st.sampled_from(["row", "opening"])


def edges(freq: str) -> list[datetime]:
    out = [first_instant(FIRST, freq)]
    while out[-1] < COVERED:
        out.append(next_first_instant(out[-1], freq))
    return out


@st.composite
def drawn_rates(draw: st.DrawFn, freq: str) -> Rates:
    """Draw a rate with two decimals for each currency and period."""
    cents = st.integers(80, 130)
    return {(edge, currency): Fraction(draw(cents), 100) for edge in edges(freq) for currency in ("EUR", "USD")}


def frame_of(lines: list[Line]) -> pd.DataFrame:
    frame = pd.DataFrame([vars(line) for line in lines]).rename(columns={"currency": "money"})
    return frame.astype({"start": "M8[us]", "end": "M8[us]"})


def rates_of(rates: Rates, freq: str) -> pd.DataFrame:
    rows = [(pd.Period(edge, freq), currency, float(rate)) for (edge, currency), rate in rates.items()]
    return pd.DataFrame(rows, columns=["period", "currency", "rate"])


def options(how: How) -> dict[str, Any]:
    grace = how.grace or None
    by, as_of = how.by or None, COVERED - timedelta(days=1)
    return {"freq": how.freq, "span": how.span, "grace": grace, "by": by, "by_at": how.by_at, "as_of": as_of}


def table(out: pd.DataFrame) -> Table:
    """Turn a result into the form of the plain walk, without rows in which all is 0; amounts in exact cents."""
    found = {}
    for label, row in zip(out.index, out.to_dict("records"), strict=True):
        period, *keys = label if isinstance(label, tuple) else (label,)
        row.setdefault("fx_mrr", 0)
        exact = {name: round(Fraction(value) * 10_000) for name, value in row.items()}
        if any(exact.values()):
            found[period.start_time.to_pydatetime(), *keys] = exact
    return found


def expected(found: Table) -> dict[tuple[Any, ...], dict[str, int]]:
    out = {key: {name: round(value * 10_000) for name, value in row.items()} for key, row in found.items()}
    return {key: row for key, row in out.items() if any(row.values())}


@given(lines=drawn_lines(), how=ways(), data=st.data())
@check
def test_every_argument(lines: list[Line], how: How, data: st.DataObject) -> None:
    rates = data.draw(st.none() | drawn_rates(how.freq))
    if rates is None:
        lines = [Line(*list(vars(line).values())[:-1], "EUR") for line in lines]
        money = {}
    else:
        money = {"currency": "money", "rates": rates_of(rates, how.freq)}
    frame = frame_of(lines)
    got = csm.cohorts.movements_from_subscriptions(frame, **options(how), **money)
    assert table(got) == expected(bridge(lines, how, rates))
    engine = data.draw(st.sampled_from(["polars", "polars lazy", "duckdb", "pyarrow"]))
    on_engine = csm.cohorts.movements_from_subscriptions(FRAMES[engine](frame), **options(how), **money)
    pd.testing.assert_frame_equal(on_engine, got)
    if how.by_at == "opening" or how.by == "customer":
        whole = csm.cohorts.movements_from_subscriptions(frame, **(options(how) | {"by": None}), **money)
        names = whole.columns
        summed = got.groupby(level="period").sum().reindex(whole.index, fill_value=0) if how.by else got
        np.testing.assert_allclose(summed[names], whole, atol=1e-6)


@given(lines=drawn_lines(), how=ways())
@check
def test_changes_tell_the_same_story(lines: list[Line], how: How) -> None:
    """A row is a change up at its start and one down at its end; groups are ledgers of their own."""
    how = How(how.freq, how.covered, how.grace, how.span, how.by, "row")
    frame = frame_of(lines).drop(columns="money")
    ends = frame.dropna(subset="end")
    changes = pd.concat(
        [
            frame.assign(time=frame["start"], change=frame["mrr"]),
            ends.assign(time=ends["end"], change=-ends["mrr"]),
        ]
    )
    ledger = csm.cohorts.movements_from_subscriptions(frame, **options(how))
    got = csm.cohorts.movements_from_changes(changes, **options(how))
    pd.testing.assert_frame_equal(got, ledger)
    on_engine = csm.cohorts.movements_from_changes(FRAMES["polars"](changes), **options(how))
    pd.testing.assert_frame_equal(on_engine, got)
    opened = How(how.freq, how.covered, how.grace, how.span, "customer", "opening")
    got = csm.cohorts.movements_from_changes(changes, **options(opened))
    pd.testing.assert_frame_equal(got, csm.cohorts.movements_from_subscriptions(frame, **options(opened)))
