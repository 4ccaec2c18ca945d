"""Dirty exports: the error's hint is followed to the letter, and the figures are those counted by hand."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm

from ..engine_frames import FRAMES

build = csm.cohorts


def export(text: str, **options: Any) -> pd.DataFrame:
    """Read an export as it was saved."""
    return pd.read_csv(io.StringIO(text.replace(" ", "")), **options)


def hint(call: Callable[[], Any]) -> str:
    with pytest.raises((csm.MetricInputError, csm.MissingColumnError)) as caught:
        call()
    return caught.value.hint


def followed(frame: pd.DataFrame, told: str, column: str) -> pd.DataFrame:
    """Replace a column by what the code in a hint makes of it."""
    code = re.search(r"(pd\.\w+\(|\(frame\[|frame\[)[^;]*$|pd\.\w+\([^;]*(?=; \(numbers)", told)
    assert code, told
    made = eval(code[0].replace("...", f"frame[{column!r}]"), {"pd": pd, "frame": frame, "column": frame[column]})
    return frame.assign(**{column: made})


def snapshots(frame: pd.DataFrame) -> pd.DataFrame:
    return build.movements_from_snapshots(frame, as_of="2026-02-28")


MONEY = """customer, date, mrr
ann, 2026-01-05, "$1,234.50"
bob, 2026-01-06, $80
cid, 2026-01-07, $20
ann, 2026-02-05, "$1,234.50"
bob, 2026-02-06, ($80.00)
cid, 2026-02-07, "1,5"
"""


def test_money_as_text() -> None:
    """The refund in brackets and the foreign comma are no amounts: they are counted, and neither becomes 80 or 15."""
    frame = export(MONEY)
    told = hint(lambda: snapshots(frame))
    got = followed(frame, told, "mrr")
    assert (got["mrr"].isna() & frame["mrr"].notna()).sum() == 2
    with pytest.raises(csm.MetricInputError, match="`mrr` must be present in every row; 2 of 6 rows"):
        snapshots(got)
    got.loc[4:, "mrr"] = [-80, 1.5]
    with pytest.raises(csm.MetricInputError, match="got -80 for 'bob'"):
        snapshots(got)
    got.loc[4, "mrr"] = 0
    assert snapshots(got)["end_mrr"].tolist() == [1334.5, 1236]


def test_months_as_numbers_become_months_and_no_first_days() -> None:
    frame = pd.DataFrame({"user": ["ann", "bob"], "time": [202601, 202602]})
    got = followed(frame, hint(lambda: build.active_users(frame)), "time")
    with pytest.raises(csm.MetricInputError, match="must not hold periods longer than freq='D'"):
        build.active_users(got)


@pytest.mark.parametrize(
    "texts",
    [
        ["03/06/2026 07:14:00", "04/06/2026 23:59:59"],
        ["3/6/26", "4/6/26"],
        ["03.06.2026, 07:14", "04.06.2026, 19:14"],
        ["03-06-2026 7:14:00.25 AM", "04-06-2026 7:14:01.5 PM"],
        ["03/06/2026T07:14 +0000", "04/06/2026T19:14 +0000"],
        ["03/06/2026 7:14pm", "27/06/2026 7:14am"],  # only the second tells which number is the day
        ["06/03/2026 07:14", "06/27/2026 07:14"],
    ],
)
def test_the_format_is_that_of_the_dates(texts: list[str]) -> None:
    frame = pd.DataFrame({"user": ["ann", "bob"], "time": texts})
    told = hint(lambda: build.active_users(frame))
    days, made = re.search(r": days = (.*); (.*)$", told).groups()  # type: ignore[union-attr]
    scope = {"pd": pd, "column": frame["time"]}
    scope["days"] = eval(days, scope)
    got = build.active_users(frame.assign(time=eval(made, scope)), as_of="2026-06-30")
    assert got.index.unique("period")[0].month == 6
    assert got["dau"].sum() == 2


CREATED = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"])


@pytest.mark.parametrize("engine", [False, True])
def test_how_often_a_ticket_was_reopened(engine: bool) -> None:
    """Of three tickets of which it is known, one was reopened: 33.3 %, not the 66.7 % that were not."""
    frame = pd.DataFrame({"created": CREATED, "resolved": CREATED, "reopened": [0, 2, 0, None]})
    given = frame
    if engine:
        given = pytest.importorskip("polars").from_pandas(frame)
    told = hint(lambda: build.tickets(given))
    got = build.tickets(followed(frame, told, "reopened"))
    assert got[["reopened", "reopen_known"]].to_numpy().tolist() == [[1, 3]]
    assert got.csm.reopen_rate().tolist() == [pytest.approx(100 / 3)]


def test_blank_ends_are_live_rows() -> None:
    """Ann and cid are live at the end of February, with 100 and 50."""
    text = "customer,start,end,mrr\nann,2026-01-05,,100\nbob,2026-01-10,2026-02-20,80\ncid,2026-02-01,0000-00-00,50\n"
    frame = export(text, keep_default_na=False)
    for blank in ("", "0000-00-00"):
        told = hint(lambda: build.movements_from_subscriptions(frame, as_of="2026-02-28"))
        assert f".replace({blank!r}, None)" in told
        frame["end"] = frame["end"].replace(blank, None)
    got = build.movements_from_subscriptions(frame, as_of="2026-02-28")
    assert got["end_mrr"].tolist() == [180, 150]
    assert got["lost"].tolist() == [0, 1]


def test_the_usual_names_of_columns_are_known() -> None:
    frame = pd.DataFrame({"accountId": ["ann"], "started_at": CREATED[:1], "canceled_at": [None], "amount": [9]})
    named = eval(f"dict({hint(partial(build.movements_from_subscriptions, frame, as_of='2026-02-28'))})")
    assert named == {"customer": "accountId", "start": "started_at", "end": "canceled_at", "mrr": "amount"}
    assert build.movements_from_subscriptions(frame, as_of="2026-02-28", **named)["end_mrr"].tolist() == [9, 9]
    with pytest.raises(csm.MissingColumnError) as caught:  # to a formula, these are no customers at the end
        frame.csm.customer_growth_rate()
    assert "canceled_at" not in caught.value.hint


MISSING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "movements_from_subscriptions": (build.movements_from_subscriptions, "'customer', 'start', 'end', 'mrr'"),
    "movements_from_snapshots": (
        partial(build.movements_from_snapshots, by="plan"),
        "'customer', 'date', 'mrr', 'plan'",
    ),
    "movements_from_changes": (build.movements_from_changes, "'customer', 'time', 'change'"),
    "ledger_from_invoices": (partial(build.ledger_from_invoices, amount="paid"), "'customer', 'start', 'end', 'paid'"),
    "renewals": (build.renewals, "'customer', 'start', 'end'"),
    "retention": (partial(build.retention, return_event="buy", value="paid"), "'user', 'time', 'event', 'paid'"),
    "lifecycle": (build.lifecycle, "'user', 'time'"),
    "active_users": (partial(build.active_users, by=["plan"]), "'user', 'time', 'plan'"),
    "activation": (partial(build.activation, key_event="buy"), "'user', 'time', 'event'"),
    "funnel": (partial(build.funnel, steps=["visit", "buy"]), "'user', 'time', 'event'"),
    "activity": (build.activity, "'user', 'time'"),
    "purchases": (partial(build.purchases, amount="paid"), "'customer', 'time', 'paid'"),
    "survey": (partial(build.survey, nps="score", csat="rating"), "'score', 'rating'"),
    "tickets": (partial(build.tickets, created="opened", resolved="solved"), "'opened', 'solved'"),
    "onboarding": (partial(build.onboarding, value="reached"), "'started', 'reached'"),
    "adoption": (partial(build.adoption, eligible=3), "'user', 'feature'"),
    "kaplan_meier_from_dates": (csm.survival.kaplan_meier_from_dates, "'start', 'end'"),
}


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
@pytest.mark.parametrize("builder", MISSING)
def test_all_missing_columns_stand_in_one_error(builder: str, engine: str) -> None:
    export = pd.DataFrame({"account_id": ["a"], "started_on": ["2026-01-05"], "amount": [1]})
    call, names = MISSING[builder]
    with pytest.raises(csm.MissingColumnError, match=f"no columns {names}; this frame has 'account_id', 'started_on'"):
        call(FRAMES[engine](export) if engine in FRAMES else export)


def test_a_tuple_of_columns_is_led_to_a_list() -> None:
    answers = pd.DataFrame({"score": [9, 3], "plan": ["a", "b"], "region": ["n", "s"]})
    told = hint(lambda: build.survey(answers, by=("plan", "region")))
    assert told == "a list names several columns: ['plan', 'region']"
