"""Computed from the raw tables: the inputs of a health score, and the totals of the last full month."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from csmetrics.datasets._common import FEATURES, PLANS, REGIONS, Flags, Floats, Ints, Timeline, category

ACQUISITION_COST = np.array([45_000, 480_000, 5_200_000])  # cents per new customer, one number per plan
RETENTION_COST = np.array([400, 3_500, 38_000])  # cents per retained customer and month


def health_inputs(
    accounts: pd.DataFrame,
    subscriptions: pd.DataFrame,
    events: pd.DataFrame,
    surveys: pd.DataFrame,
    tickets: pd.DataFrame,
    at: np.datetime64,
) -> pd.DataFrame:
    """Compute the inputs of a health score from the other tables, for the customers live just before `at`."""
    customers = len(accounts)
    recent = _between(events, "time", at - np.timedelta64(28, "D"), at)
    days = pd.DataFrame({"user": recent["user"], "day": recent["time"].dt.normalize()}).drop_duplicates()
    active_days = np.bincount(days["user"].to_numpy() - 1, minlength=customers)

    cases = _between(tickets, "created", at - np.timedelta64(90, "D"), at)
    trouble = 25 * cases["escalated"] + 15 * cases["reopened"] + 10 * cases["resolved"].isna()
    burden = _add(cases["customer"].to_numpy() - 1, (trouble + 5 * (cases["contacts"] - 1)).to_numpy(), customers)

    answers = surveys[surveys["nps"].notna() & (surveys["time"] < at)]
    last = answers.drop_duplicates("customer", keep="last")
    sentiment = np.full(customers, np.nan)
    sentiment[last["customer"].to_numpy() - 1] = last["nps"].to_numpy()

    table = accounts[["customer", "plan", "region"]].assign(
        usage=np.minimum(100.0, 5.0 * active_days),  # 20 active days in 28 already score 100
        support=np.maximum(0.0, 100.0 - burden),
        sentiment=sentiment,
        seats_used=accounts["seats_used"],
        seats_licensed=accounts["seats_licensed"],
    )
    return table[_mrr_before(subscriptions, at, customers) > 0].reset_index(drop=True)


def month_totals(
    rng: np.random.Generator,
    accounts: pd.DataFrame,
    subscriptions: pd.DataFrame,
    events: pd.DataFrame,
    surveys: pd.DataFrame,
    tickets: pd.DataFrame,
    onboarding: pd.DataFrame,
    calendar: Timeline,
) -> pd.DataFrame:
    """Total the last full month by plan and region."""
    opening, closing = calendar.time(calendar.opening), calendar.time(calendar.closing)
    groups = len(PLANS) * len(REGIONS)
    plans, regions = (accounts[column].cat.codes.to_numpy(np.int64) for column in ("plan", "region"))
    group = plans * len(REGIONS) + regions

    def total(customer: Any, values: Any) -> Ints:
        """Add up one value per row of any table, by the customers' groups."""
        return _add(group[np.asarray(customer) - 1], np.asarray(values), groups)

    plan, region = np.divmod(np.arange(groups), len(REGIONS))
    frame = pd.DataFrame(
        {
            "period": pd.Series([calendar.period] * groups, dtype="period[M]"),
            "plan": category(plan, PLANS),
            "region": category(region, REGIONS),
        }
    )

    everyone = accounts["customer"]
    before = _mrr_before(subscriptions, opening, len(accounts))
    after = _mrr_before(subscriptions, closing, len(accounts))
    seen = _marked(subscriptions.loc[subscriptions["start"] < opening, "customer"], len(accounts))
    live = after > 0
    arrived, gone, stayed = (before == 0) & live, (before > 0) & ~live, (before > 0) & live
    change = after - before
    frame["start"] = total(everyone, before > 0)
    frame["new"] = total(everyone, arrived & ~seen)
    frame["reactivated"] = total(everyone, arrived & seen)
    frame["lost"] = total(everyone, gone)
    frame["end"] = total(everyone, live)
    frame["retained"] = total(everyone, stayed)
    frame["start_mrr"] = total(everyone, before)
    frame["new_mrr"] = total(everyone, after * (arrived & ~seen))
    frame["reactivation_mrr"] = total(everyone, after * (arrived & seen))
    frame["expansion_mrr"] = total(everyone, np.maximum(change, 0) * stayed)
    frame["contraction_mrr"] = total(everyone, np.maximum(-change, 0) * stayed)
    frame["churned_mrr"] = total(everyone, before * gone)
    frame["end_mrr"] = total(everyone, after)
    frame["mrr"] = frame["end_mrr"]
    frame["customers"] = frame["end"]
    noise = 0.9 + 0.2 * rng.random((2, groups))
    frame["acquisition_cost"] = np.rint(ACQUISITION_COST[plan] * noise[0] * frame["new"]).astype(np.int64)
    frame["retention_cost"] = np.rint(RETENTION_COST[plan] * noise[1] * frame["retained"]).astype(np.int64)

    asked = _between(surveys, "time", opening, closing)

    def answers(condition: Any) -> Ints:
        return total(asked["customer"], condition)

    frame["promoters"] = answers(asked["nps"] >= 9)
    frame["passives"] = answers(asked["nps"].between(7, 8))
    frame["detractors"] = answers(asked["nps"] <= 6)
    frame["nps_responses"], frame["nps_invited"] = answers(asked["nps"].notna()), answers(asked["time"].notna())
    frame["satisfied"] = answers(asked["csat"] >= 4)
    frame["csat_responses"], frame["csat_invited"] = answers(asked["csat"].notna()), frame["nps_invited"]
    frame["effort_sum"] = answers(asked["ces"].fillna(0))
    frame["easy"], frame["difficult"] = answers(asked["ces"] >= 5), answers(asked["ces"] <= 3)
    frame["ces_responses"], frame["ces_invited"] = answers(asked["ces"].notna()), frame["nps_invited"]

    cases = _between(tickets, "created", opening, closing)
    responded, solved = cases["first_response"].notna(), cases["resolved"].notna()

    def counted(condition: Any) -> Ints:
        return total(cases["customer"], condition)

    def hours(until: str) -> Floats:
        seconds = (cases[until] - cases["created"]).dt.total_seconds().fillna(0)
        return counted(seconds) / 3600

    frame["tickets"] = counted(cases["created"].notna())
    frame["contacts"] = frame["tickets"]  # issues, each counted once, as `fcr` takes them
    frame["resolved_first_contact"] = counted(solved & (cases["contacts"] == 1) & ~cases["reopened"])
    frame["fcr_known"] = frame["tickets"]
    frame["responded"], frame["response_time"] = counted(responded), hours("first_response")
    frame["resolved"] = counted(solved)
    frame["timed"], frame["resolution_time_sum"] = frame["resolved"], hours("resolved")
    frame["reopened"], frame["reopen_known"] = counted(cases["reopened"]), frame["resolved"]
    frame["escalated"], frame["escalation_known"] = counted(cases["escalated"]), frame["tickets"]
    frame["all_contacts"] = counted(cases["contacts"])
    frame["further_contacts"] = frame["all_contacts"] - frame["contacts"]

    begun = _between(onboarding, "started", opening, closing)
    frame["started"] = total(begun["customer"], begun["started"].notna())
    frame["completed"] = total(begun["customer"], begun["completed"].notna())
    frame["reached"] = total(begun["customer"], begun["value"].notna())

    used = _between(events, "time", opening, closing)
    uses = used.drop_duplicates(["user", "feature"])
    live_uses = uses[live[uses["user"].to_numpy() - 1]]
    user_days = pd.DataFrame({"user": used["user"], "day": used["time"].dt.normalize()}).drop_duplicates()
    active = _marked(uses["user"], len(accounts))
    frame["dau"] = total(user_days["user"], np.ones(len(user_days))) / (calendar.closing - calendar.opening)
    frame["mau"] = total(everyone, active)
    frame["active"] = frame["mau"]
    ends = subscriptions["end"]
    lived = subscriptions.loc[(subscriptions["start"] < closing) & (ends.isna() | (ends > opening)), "customer"]
    frame["total"] = total(everyone, _marked(lived, len(accounts)))
    frame["adopters"] = total(everyone, active & live)
    frame["eligible"] = frame["end"]
    frame["features_used"] = total(live_uses["user"], np.ones(len(live_uses)))
    frame["features_available"] = len(FEATURES) * frame["end"]

    health = health_inputs(accounts, subscriptions, events, surveys, tickets, closing)
    frame["seats_used"] = total(health["customer"], health["seats_used"])
    frame["seats_licensed"] = total(health["customer"], health["seats_licensed"])
    frame["at_risk"] = total(health["customer"], (health["usage"] < 20) | (health["sentiment"] <= 3))
    return frame


def _marked(customers: pd.Series[Any], size: int) -> Flags:
    """Mark the customers that stand in a column."""
    flags = np.zeros(size, dtype=bool)
    flags[customers.to_numpy() - 1] = True
    return flags


def _mrr_before(subscriptions: pd.DataFrame, instant: np.datetime64, customers: int) -> Ints:
    """Return each customer's MRR just before the instant."""
    end = subscriptions["end"]
    rows = subscriptions[(subscriptions["start"] < instant) & (end.isna() | (end >= instant))]
    return _add(rows["customer"].to_numpy() - 1, rows["mrr"].to_numpy(), customers)


def _between(table: pd.DataFrame, column: str, start: np.datetime64, stop: np.datetime64) -> pd.DataFrame:
    return table[(table[column] >= start) & (table[column] < stop)]


def _add(position: Ints, values: npt.NDArray[Any], size: int) -> Ints:
    """Add the values up by position, in integers: cents stay exact."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, position, values.astype(np.int64))
    return sums
