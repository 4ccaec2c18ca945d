"""Arguments of `survey` and `tickets`, compared with what a user would write in pandas for the same step.

An argument that only chooses rows is compared with the builder without it, one that needs another pass over the rows
with the same totals by hand, or with the builder on rows prepared by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from cohorts import FIRST, LITTLE, MONTHS, Table, case
from harness import Case

import csmetrics as csm

AS_OF = "2025-06-30"  # five sixths of the rows
DAYS = MONTHS * 30
PLANS = pd.array(["free", "pro", "team"], dtype="str")
WEEK = csm.BusinessHours(tz=None)


def instants(rng: np.random.Generator, rows: int) -> Any:
    return FIRST.astype("M8[s]") + rng.integers(0, DAYS * 86_400, rows).astype("m8[s]")


def make_answers(rows: int) -> pd.DataFrame:
    """Make the rows of those asked, four per customer, unordered; three tenths do not answer."""
    rng = np.random.default_rng(21)
    score = rng.integers(0, 11, rows).astype(np.float64)
    score[rng.random(rows) < 0.3] = np.nan
    return pd.DataFrame(
        {
            "customer": rng.integers(0, max(rows // 4, 1), rows),
            "time": instants(rng, rows).astype("M8[us]"),
            "score": score,
            "plan": PLANS.take(rng.integers(0, 3, rows)),
        }
    )


def make_tickets(rows: int) -> pd.DataFrame:
    """Make tickets, unordered; one tenth is open."""
    rng = np.random.default_rng(22)
    created = instants(rng, rows)
    answered = created + rng.integers(60, 2 * 86_400, rows).astype("m8[s]")
    solved = answered + rng.integers(60, 6 * 86_400, rows).astype("m8[s]")
    solved[rng.random(rows) < 0.1] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "ticket": rng.permutation(rows),
            "created": created.astype("M8[us]"),
            "first_response": answered.astype("M8[us]"),
            "resolved": solved.astype("M8[us]"),
            "contacts": rng.integers(1, 4, rows),
            "reopened": rng.random(rows) < 0.1,
            "escalated": rng.random(rows) < 0.05,
            "plan": PLANS.take(rng.integers(0, 3, rows)),
        }
    )


# ------------------------------------------------------------------------------------------------ survey


def survey(answers: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return csm.cohorts.survey(answers, nps="score", **options)


def latest(answers: pd.DataFrame) -> pd.DataFrame:
    """Keep each customer's last answer by hand: of those at one instant the lowest; else a row without an answer."""
    answers = answers.assign(answered=answers["score"].notna())
    ordered = answers.sort_values(["answered", "time", "score"], ascending=[True, True, False])
    return survey(ordered.drop_duplicates("customer", keep="last"))


def survey_by_hand(answers: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    score = answers["score"]
    counts = answers.assign(
        promoters=score >= 9,
        passives=(score >= 7) & (score <= 8),
        detractors=score <= 6,
        nps_responses=score.notna(),
        nps_invited=1,
        period=answers["time"].dt.to_period("M") if "period" in keys else 0,
    )
    names = ["promoters", "passives", "detractors", "nps_responses", "nps_invited"]
    return counts.groupby(keys)[names].sum()


# ------------------------------------------------------------------------------------------------ tickets


def tickets(cases: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return csm.cohorts.tickets(cases, **options)


def tickets_by_hand(cases: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    hour = pd.Timedelta(hours=1)
    solved, responded = cases["resolved"].notna(), cases["first_response"].notna()
    totals = cases.assign(
        tickets=1,
        contacts=cases["contacts"] > 0,
        resolved_first_contact=solved & (cases["contacts"] == 1) & ~cases["reopened"],
        fcr_known=cases["contacts"] > 0,
        responded=responded,
        response_time=(cases["first_response"] - cases["created"]) / hour,
        resolved=solved | cases["reopened"],
        timed=solved,
        resolution_time_sum=(cases["resolved"] - cases["created"]) / hour,
        reopened=cases["reopened"],
        reopen_known=solved | cases["reopened"],
        escalated=cases["escalated"],
        escalation_known=1,
        all_contacts=cases["contacts"],
        further_contacts=cases["contacts"] - (cases["contacts"] > 0),
        period=cases["created"].dt.to_period("M") if "period" in keys else 0,
    )
    names = list(csm.cohorts.tickets(cases.iloc[:1]))
    return totals.groupby(keys)[names].sum()


def each_once(cases: pd.DataFrame) -> pd.DataFrame:
    assert not cases["ticket"].duplicated().any()
    return tickets(cases)


@cache
def check() -> None:
    answers, cases = make_answers(LITTLE), make_tickets(LITTLE)
    pd.testing.assert_frame_equal(survey(answers, customer="customer", keep="last", time="time"), latest(answers))
    for ours, theirs, rows, time in (
        (survey, survey_by_hand, answers, {"time": "time"}),
        (tickets, tickets_by_hand, cases, {}),
    ):
        whole = {"check_dtype": False, "rtol": 1e-9}
        pd.testing.assert_frame_equal(ours(rows, by="plan"), theirs(rows, ["plan"]), **whole)
        found = ours(rows, freq="M", **time)
        pd.testing.assert_frame_equal(found, theirs(rows, ["period"]).loc[found.index], **whole)
        found = ours(rows, freq="M", by="plan", **time)
        pd.testing.assert_frame_equal(found, theirs(rows, ["period", "plan"]).loc[found.index], **whole)
    pd.testing.assert_frame_equal(tickets(cases, ticket="ticket"), tickets(cases))


def answer_cases(scale: float) -> Iterator[Case]:
    rows = int(5_000_000 * scale)
    answers, cases = Table(lambda: make_answers(rows)), Table(lambda: make_tickets(rows))
    hand, without, dated = "pandas, groupby", "the same without it", partial(survey, time="time")
    last = partial(survey, customer="customer", keep="last", time="time")
    for name, against, limit, ours, theirs in (
        ("by=", hand, 1.0, partial(survey, by="plan"), partial(survey_by_hand, keys=["plan"])),
        ("freq=", hand, 1.0, partial(dated, freq="M"), partial(survey_by_hand, keys=["period"])),
        (
            "freq= and by=",
            hand,
            1.0,
            partial(dated, freq="M", by="plan"),
            partial(survey_by_hand, keys=["period", "plan"]),
        ),
        ("keep='last'", "pandas, sorted, drop_duplicates", 1.0, last, latest),
        ("as_of=", without, 1.3, partial(dated, as_of=AS_OF), dated),
    ):
        yield case(f"survey, {name}, 5 M answers", against, limit, answers, ours, theirs, check)
    for name, against, limit, ours, theirs in (
        ("by=", hand, 1.0, partial(tickets, by="plan"), partial(tickets_by_hand, keys=["plan"])),
        ("freq=", hand, 1.0, partial(tickets, freq="M"), partial(tickets_by_hand, keys=["period"])),
        (
            "freq= and by=",
            hand,
            1.0,
            partial(tickets, freq="M", by="plan"),
            partial(tickets_by_hand, keys=["period", "plan"]),
        ),
        ("ticket=", "pandas, duplicated", 1.0, partial(tickets, ticket="ticket"), each_once),
        ("hours=", without, 5.0, partial(tickets, hours=WEEK), tickets),
        ("as_of=", without, 1.3, partial(tickets, as_of=AS_OF), tickets),
    ):
        yield case(f"tickets, {name}, 5 M tickets", against, limit, cases, ours, theirs, check)
