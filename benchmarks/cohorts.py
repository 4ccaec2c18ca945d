"""Cohort frames from raw rows, compared with what a user would write for pandas, Polars or DuckDB.

The data is made up by a seeded generator. Before anything is timed, both sides of a case must agree on a small table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property, partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from harness import Case

import csmetrics as csm

FIRST, MONTHS = np.datetime64("2023-01", "M"), 36  # the events
LEDGER_FIRST, LEDGER_MONTHS = np.datetime64("2022-01", "M"), 48
AS_OF = "2025-12-31"  # the last day of both
WINDOWS = {"dau": 1, "wau": 7, "mau": 28}
LITTLE = 20_000  # rows on which both sides must agree


# ------------------------------------------------------------------------------------------------ data


def make_events(rows: int, *, text: bool = False) -> pd.DataFrame:
    """Make the events of users who join at any time in three years and come back less and less, ten each, unordered."""
    rng = np.random.default_rng(11)
    users = max(rows // 10, 1)
    span = (FIRST + MONTHS).astype("M8[s]") - FIRST.astype("M8[s]")
    user = rng.integers(0, users, rows)
    joined = rng.random(users)[user]
    second = ((joined + (1 - joined) * rng.random(rows) ** 2) * span.astype(np.int64)).astype(np.int64)
    time = (FIRST.astype("M8[s]") + second).astype("M8[us]")
    if text:
        names = pd.array([f"user-{number:07d}" for number in range(users)], dtype="str")
        return pd.DataFrame({"user": names.take(user), "time": time})
    return pd.DataFrame({"user": user, "time": time})


def make_ledger(rows: int) -> pd.DataFrame:
    """Make subscriptions over four years, five per customer, unordered: price changes, pauses, cancellations."""
    rng = np.random.default_rng(12)
    first = LEDGER_FIRST.astype("M8[D]")
    days = ((LEDGER_FIRST + LEDGER_MONTHS).astype("M8[D]") - first).astype(np.int64)
    customer, start = rng.integers(0, max(rows // 5, 1), rows), rng.integers(0, days, rows)
    order = np.lexsort((start, customer))
    customer, start = customer[order], start[order]
    last = np.append(customer[1:] != customer[:-1], True)
    until = np.where(last, days, np.append(start[1:], days))  # the start of the next row
    stops = rng.random(rows) < np.where(last, 0.4, 0.2)
    end = first + np.where(stops, start + ((until - start) * rng.random(rows)).astype(np.int64), until)
    end[last & ~stops] = np.datetime64("NaT")
    ledger = pd.DataFrame(
        {
            "customer": customer,
            "start": (first + start).astype("M8[us]"),
            "end": end.astype("M8[us]"),
            "mrr": 100 * rng.integers(10, 500, rows),  # in cents
        }
    )
    return ledger.iloc[rng.permutation(rows)].reset_index(drop=True)


def make_durations(rows: int, *, whole_days: bool) -> pd.DataFrame:
    """Make times to churn, and whether churn was observed; the other customers had not churned when the data ended."""
    rng = np.random.default_rng(13)
    lifetime, watched = rng.exponential(400, rows), rng.random(rows) * 1095
    durations = np.minimum(lifetime, watched)
    durations = np.ceil(durations).astype(np.int64) if whole_days else durations
    return pd.DataFrame({"duration": durations, "observed": lifetime <= watched})


class Table:
    """A table for pandas, Polars and DuckDB, each version made on first use."""

    def __init__(self, make: Callable[[], pd.DataFrame]) -> None:
        self.make = make

    @cached_property
    def pandas(self) -> pd.DataFrame:
        return self.make()

    @cached_property
    def polars(self) -> pl.LazyFrame:
        return pl.from_pandas(self.pandas).lazy()

    @cached_property
    def on_pandas(self) -> duckdb.DuckDBPyConnection:
        """Connect to DuckDB, which reads the pandas frame in place as the table `rows`."""
        return duckdb.connect().register("rows", self.pandas)

    @cached_property
    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """Connect to DuckDB with its own copy of the table `rows`."""
        connection = duckdb.connect().register("frame", self.pandas)
        connection.execute("create table rows as select * from frame")
        return connection.unregister("frame")

    @cached_property
    def relation(self) -> duckdb.DuckDBPyRelation:
        return self.duckdb.table("rows")


def case(
    name: str,
    against: str,
    limit: float,
    table: Table,
    ours: Callable[[Any], Any],
    theirs: Callable[[Any], Any],
    check: Callable[[], Any],
    *,
    on: str = "pandas",
    rival: str = "pandas",
    **memory: Any,
) -> Case:
    """Compare `ours` on the table in format `on` with `theirs` on the table in format `rival`."""

    def prepare() -> None:
        getattr(table, on)
        getattr(table, rival)

    return Case(
        name,
        against,
        lambda: ours(getattr(table, on)),
        lambda: theirs(getattr(table, rival)),
        limit,
        check=check,
        prepare=prepare,
        **memory,
    )


def engine_cases(
    name: str, table: Table, ours: Callable[[Any], Any], polars: Any, sql: Any, check: Callable[[], Any]
) -> Iterator[Case]:
    """Compare the builder on an engine's own frame with a query for that engine, written by hand."""
    first, rest = name.split(",", 1)
    for engine, on, rival, theirs in (
        ("a Polars lazy frame", "polars", "polars", polars),
        ("a DuckDB relation", "relation", "duckdb", sql),
    ):
        yield case(
            f"{first} on {engine},{rest}", "the query by hand", 1.5, table, ours, theirs, check, on=on, rival=rival
        )


# ------------------------------------------------------------------------------------------------ retention


def retention_ours(events: Any) -> csm.cohorts.RetentionGrid:
    return csm.cohorts.retention(events, as_of=AS_OF)


def month_of(dates: pd.Series) -> pd.Series:
    return dates.dt.year * 12 + dates.dt.month


def retention_pandas(events: pd.DataFrame) -> pd.DataFrame:
    month = month_of(events["time"])
    first = month.groupby(events["user"]).transform("min")
    cells = events["user"].groupby([first.rename("cohort"), (month - first).rename("age")])
    return cells.nunique().rename("users").reset_index()


def retention_polars(events: pl.LazyFrame) -> pl.DataFrame:
    month = pl.col("time").dt.year() * 12 + pl.col("time").dt.month()
    seen = events.select("user", month=month).unique()
    seen = seen.with_columns(cohort=pl.col("month").min().over("user"))
    cells = seen.group_by("cohort", age=pl.col("month") - pl.col("cohort")).agg(users=pl.len())
    return cells.collect(engine="streaming")


RETENTION_SQL = """
with seen as (select distinct "user", year("time") * 12 + month("time") as "month" from rows),
joined as (select "user", min("month") as cohort from seen group by "user")
select cohort, "month" - cohort as age, count(*) as users from seen join joined using ("user") group by all
"""


def retention_duckdb(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute(RETENTION_SQL).df()


@cache
def check_retention(text: bool) -> None:
    table = Table(lambda: make_events(LITTLE, text=text))
    theirs = [
        retention_pandas(table.pandas),
        retention_polars(table.polars).to_pandas(),
        retention_duckdb(table.on_pandas),
        retention_duckdb(table.duckdb),
    ]
    wanted = [{(cohort, age): users for cohort, age, users in cells.to_numpy()} for cells in theirs]
    for frame in (table.pandas, table.polars, table.relation):
        counts = retention_ours(frame).counts
        cells = {(month.year * 12 + month.month, age): n for month, row in counts.iterrows() for age, n in row.items()}
        assert all(cells[cell] is pd.NA for cell in cells if sum(cell) > 2025 * 12 + 12), "what is to come has no count"
        seen = {cell: n for cell, n in cells.items() if n is not pd.NA and n}
        assert all(cells == seen for cells in wanted), "retention: the sides do not agree"


def retention_cases(scale: float) -> Iterator[Case]:
    for kind, text, limits in (("", False, (0.18, 0.5, 0.65)), (", text ids", True, (0.42, 1.3))):
        name = f"retention, 10 M events{kind}"
        table = Table(lambda text=text: make_events(int(10_000_000 * scale), text=text))
        with_check = partial(check_retention, text)
        rivals = (
            ("pandas", retention_pandas, {"memory": "process", "most_memory": 700}),
            ("Polars, streaming", retention_polars, {"rival": "polars"}),
            ("DuckDB", retention_duckdb, {"rival": "on_pandas"}),
        )
        for limit, (against, theirs, options) in zip(limits, rivals, strict=False):
            yield case(name, against, limit, table, retention_ours, theirs, with_check, **options)
        if not text:
            yield from engine_cases(name, table, retention_ours, retention_polars, retention_duckdb, with_check)


# ------------------------------------------------------------------------------------------------ MRR movements

COUNTS = ["start", "new", "reactivated", "lost", "end"]
AMOUNTS = ["start_mrr", "new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "end_mrr"]
COLUMNS = COUNTS + AMOUNTS
LAST = (LEDGER_FIRST + LEDGER_MONTHS - 1).astype(int) + 1970 * 12 + 1  # the last month, as year * 12 + month


def movements_ours(ledger: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(ledger, as_of=AS_OF)


def bridge(counts: pd.DataFrame, amounts: pd.DataFrame) -> pd.DataFrame:
    """Put openings and closings around a month's movements, one column per kind."""
    change, gain = counts["new"] + counts["reactivated"] - counts["lost"], amounts.sum(axis=1)
    out = {
        "start": change.cumsum() - change,
        **{kind: counts[kind] for kind in ("new", "reactivated", "lost")},
        "end": change.cumsum(),
        "start_mrr": gain.cumsum() - gain,
        "new_mrr": amounts["new"],
        "reactivation_mrr": amounts["reactivated"],
        "expansion_mrr": amounts["expansion"],
        "contraction_mrr": -amounts["contraction"],
        "churned_mrr": -amounts["lost"],
        "end_mrr": gain.cumsum(),
    }
    return pd.DataFrame(out)


def movements_pandas(ledger: pd.DataFrame) -> pd.DataFrame:
    """Compute each customer's changes by month: few rows, however long the time between them."""
    ended = ledger[ledger["end"].notna()]
    starts = pd.DataFrame({"customer": ledger["customer"], "month": month_of(ledger["start"]), "change": ledger["mrr"]})
    ends = pd.DataFrame({"customer": ended["customer"], "month": month_of(ended["end"]), "change": -ended["mrr"]})
    changes = pd.concat([starts, ends]).groupby(["customer", "month"], as_index=False)["change"].sum()
    changes = changes[changes["change"] != 0]
    after = changes.groupby("customer")["change"].cumsum()
    kind = np.select(
        [~changes["customer"].duplicated(), after == changes["change"], after == 0, changes["change"] > 0],
        ["new", "reactivated", "lost", "expansion"],
        "contraction",
    )
    found = changes["change"].groupby([changes["month"], kind]).agg(["size", "sum"]).unstack(fill_value=0)
    return bridge(found["size"], found["sum"])


def movements_explode(ledger: pd.DataFrame) -> pd.DataFrame:
    """Make one row per customer and month, and join it to the previous month."""
    first = month_of(ledger["start"])
    months = (month_of(ledger["end"]).fillna(LAST + 1) - first).astype(int)
    rows = ledger.loc[ledger.index.repeat(months), ["customer", "mrr"]]
    rows["month"] = first.repeat(months) + rows.groupby(level=0).cumcount()
    now = rows.groupby(["customer", "month"], as_index=False)["mrr"].sum()
    before = now.assign(month=now["month"] + 1)
    before = before[before["month"] <= LAST]
    both = now.merge(before, how="outer", on=["customer", "month"], suffixes=("", "_before")).fillna(0)
    is_first = both["month"] == both["customer"].map(now.groupby("customer")["month"].min())
    change = (both["mrr"] - both["mrr_before"]).astype("int64")
    kind = np.select(
        [is_first, both["mrr_before"] == 0, both["mrr"] == 0, change > 0, change < 0],
        ["new", "reactivated", "lost", "expansion", "contraction"],
        "none",
    )
    found = change.groupby([both["month"], kind]).agg(["size", "sum"]).unstack(fill_value=0)
    return bridge(found["size"], found["sum"])


def movements_polars(ledger: pl.LazyFrame) -> pl.DataFrame:
    def changes_at(date: str, change: pl.Expr) -> pl.LazyFrame:
        month = pl.col(date).dt.year() * 12 + pl.col(date).dt.month()
        return ledger.filter(pl.col(date).is_not_null()).select("customer", month=month, change=change)

    change, after = pl.col("change"), pl.col("after")
    first = pl.col("month") == pl.col("first")
    back, lost = ~first & (after == change), after == 0
    up, down = (change > 0) & (after > change), (change < 0) & (after > 0)
    found = (
        pl.concat([changes_at("start", pl.col("mrr")), changes_at("end", -pl.col("mrr"))])
        .group_by("customer", "month")
        .agg(change.sum())
        .filter(change != 0)
        .with_columns(
            first=pl.col("month").min().over("customer"),
            after=change.cum_sum().over("customer", order_by="month"),
        )
        .group_by("month")
        .agg(
            new=first.sum().cast(pl.Int64),
            reactivated=back.sum().cast(pl.Int64),
            lost=lost.sum().cast(pl.Int64),
            new_mrr=change.filter(first).sum(),
            reactivation_mrr=change.filter(back).sum(),
            expansion_mrr=change.filter(up).sum(),
            contraction_mrr=-change.filter(down).sum(),
            churned_mrr=-change.filter(lost).sum(),
            change=change.sum(),
        )
        .sort("month")
        .collect(engine="streaming")
    )
    count = pl.col("new") + pl.col("reactivated") - pl.col("lost")
    return found.with_columns(
        start=count.cum_sum() - count,
        end=count.cum_sum(),
        start_mrr=change.cum_sum() - change,
        end_mrr=change.cum_sum(),
    ).select("month", *COLUMNS)


MOVEMENTS_SQL = """
with deltas as (
    select customer, year("start") * 12 + month("start") as "month", mrr as change from rows
    union all
    select customer, year("end") * 12 + month("end"), -mrr from rows where "end" is not null
),
changes as (
    select customer, "month", sum(change)::bigint as change from deltas group by all having sum(change) <> 0
),
balances as (
    select "month", change, sum(change) over history as after, row_number() over history as nth
    from changes window history as (partition by customer order by "month")
),
months as (
    select "month",
        count(*) filter (nth = 1) as new,
        count(*) filter (nth > 1 and after = change) as reactivated,
        count(*) filter (after = 0) as lost,
        coalesce(sum(change) filter (nth = 1), 0) as new_mrr,
        coalesce(sum(change) filter (nth > 1 and after = change), 0) as reactivation_mrr,
        coalesce(sum(change) filter (change > 0 and after > change), 0) as expansion_mrr,
        coalesce(-sum(change) filter (change < 0 and after > 0), 0) as contraction_mrr,
        coalesce(-sum(change) filter (after = 0), 0) as churned_mrr,
        sum(change) as change
    from balances group by "month"
),
closings as (
    select *, sum(new + reactivated - lost) over past as "end", sum(change) over past as end_mrr
    from months window past as (order by "month")
)
select "month", ("end" - new - reactivated + lost)::bigint as "start", new, reactivated, lost, "end"::bigint as "end",
    (end_mrr - change)::bigint as start_mrr, new_mrr::bigint as new_mrr, reactivation_mrr::bigint as reactivation_mrr,
    expansion_mrr::bigint as expansion_mrr, contraction_mrr::bigint as contraction_mrr,
    churned_mrr::bigint as churned_mrr, end_mrr::bigint as end_mrr
from closings order by "month"
"""


def movements_duckdb(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute(MOVEMENTS_SQL).df()


@cache
def check_movements() -> None:
    table = Table(lambda: make_ledger(LITTLE))
    theirs = [
        movements_pandas(table.pandas),
        movements_explode(table.pandas),
        movements_polars(table.polars).to_pandas(),
        movements_duckdb(table.on_pandas),
        movements_duckdb(table.duckdb),
    ]
    for frame in (table.pandas, table.polars, table.relation):
        ours = movements_ours(frame)
        assert list(ours.columns) == COLUMNS
        for other in theirs:
            np.testing.assert_array_equal(ours.to_numpy(), other[COLUMNS].to_numpy(), "movements: the sides differ")


def with_plans(rows: int) -> pd.DataFrame:
    """Make the ledger with a plan on each row and a currency for each customer."""
    ledger, rng = make_ledger(rows), np.random.default_rng(14)
    plans = np.array(["basic", "pro", "team"], dtype=object)[rng.integers(0, 3, rows)]
    return ledger.assign(plan=plans, money=np.where(ledger["customer"] % 2, "EUR", "USD").astype(object))


def make_rates() -> pd.DataFrame:
    """Make a rate for each currency and month of the ledger."""
    months = pd.period_range(str(LEDGER_FIRST), periods=LEDGER_MONTHS, freq="M")
    rows = [(money, month, 1 + i / 100) for money in ("EUR", "USD") for i, month in enumerate(months)]
    return pd.DataFrame(rows, columns=["currency", "period", "rate"])


MADE_RATES = make_rates()


def grace_ours(ledger: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(ledger, as_of=AS_OF, grace="30D")


def grace_pandas(ledger: pd.DataFrame) -> pd.DataFrame:
    """Move each end to the next start of the customer where that is near; rows of a customer never overlap here."""
    rows = ledger[~(ledger["end"] <= ledger["start"])].sort_values(["customer", "start"])
    following = rows.groupby("customer")["start"].shift(-1)
    late = (following > rows["end"]) & (following - rows["end"] <= pd.Timedelta(days=30))
    return movements_pandas(rows.assign(end=rows["end"].where(~late, following)))


KINDS = ["new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"]


def month_by_month(ledger: pd.DataFrame, column: str) -> pd.DataFrame:
    """Make one row per customer and month with its MRR and a column at its closing and at the closing before."""
    first = month_of(ledger["start"])
    months = (month_of(ledger["end"]).fillna(LAST + 1) - first).astype(int)
    rows = ledger.loc[ledger.index.repeat(months), ["customer", "mrr", column]]
    rows["month"] = first.repeat(months) + rows.groupby(level=0).cumcount()
    largest = rows.sort_values("mrr", ascending=False).drop_duplicates(["customer", "month"])
    now = rows.groupby(["customer", "month"], as_index=False)["mrr"].sum()
    now = now.merge(largest[["customer", "month", column]], on=["customer", "month"])
    before = now.assign(month=now["month"] + 1)
    both = now.merge(before[before["month"] <= LAST], how="outer", on=["customer", "month"], suffixes=("", "_before"))
    both[["mrr", "mrr_before"]] = both[["mrr", "mrr_before"]].fillna(0)
    both["known"] = both["month"] > both["customer"].map(now.groupby("customer")["month"].min())
    return both.assign(**{column: both[f"{column}_before"].fillna(both[column])})


def kinds(both: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Add up the changes by kind."""
    change = both["mrr"] - both["mrr_before"]
    kind = np.select(
        [(both["mrr_before"] == 0) & ~both["known"], both["mrr_before"] == 0, both["mrr"] == 0, change > 0],
        ["new_mrr", "reactivation_mrr", "churned_mrr", "expansion_mrr"],
        "contraction_mrr",
    )
    return change.abs().groupby([*(both[key] for key in keys), kind]).sum().unstack(fill_value=0)[KINDS]


def opening_ours(ledger: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(ledger, as_of=AS_OF, by="plan", by_at="opening")


def opening_pandas(ledger: pd.DataFrame) -> pd.DataFrame:
    return kinds(month_by_month(ledger, "plan"), ["month", "plan"])


def rates_ours(ledger: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(ledger, as_of=AS_OF, currency="money", rates=MADE_RATES)


def rates_pandas(ledger: pd.DataFrame) -> pd.DataFrame:
    """Value each customer and month at the rate of the opening."""
    both = month_by_month(ledger, "money")
    month = MADE_RATES["period"].dt.year * 12 + MADE_RATES["period"].dt.month + 1  # the month that it opens
    opening = MADE_RATES.assign(month=month).rename(columns={"currency": "money"}).drop(columns="period")
    both = both.merge(opening, how="left", on=["month", "money"]).fillna({"rate": 1.0})  # the first opens at its own
    return kinds(both.assign(mrr=both["mrr"] * both["rate"], mrr_before=both["mrr_before"] * both["rate"]), ["month"])


def check_ledger_arguments() -> None:
    table = Table(lambda: with_plans(LITTLE))
    ours, theirs = grace_ours(table.pandas), grace_pandas(table.pandas)
    np.testing.assert_array_equal(ours[KINDS].to_numpy(), theirs.iloc[: len(ours)][KINDS].to_numpy())
    for one, other in ((opening_ours, opening_pandas), (rates_ours, rates_pandas)):
        np.testing.assert_allclose(one(table.pandas)[KINDS].to_numpy(), other(table.pandas).to_numpy(), rtol=1e-9)


def closed_ours(ledger: Any) -> pd.DataFrame:
    return csm.cohorts.movements_from_subscriptions(ledger, as_of=AS_OF, closed="both")


def ledger_argument_cases(scale: float) -> Iterator[Case]:
    """Compare the arguments: one that moves a bound with the builder without it, the others with the user's pandas."""
    table = Table(lambda: make_ledger(int(5_000_000 * scale)))
    name = "movements, 5 M subscriptions"
    yield case(
        f"{name}, closed='both'",
        "the builder without it",
        1.3,
        table,
        closed_ours,
        movements_ours,
        check_ledger_arguments,
    )
    yield case(
        f"{name}, grace='30D'", "pandas, ends moved", 1.0, table, grace_ours, grace_pandas, check_ledger_arguments
    )
    tenth, name = Table(lambda: with_plans(int(500_000 * scale))), "movements, 0.5 M subscriptions"
    against = "pandas, a row per customer and month"
    yield case(f"{name}, by_at='opening'", against, 1.0, tenth, opening_ours, opening_pandas, check_ledger_arguments)
    yield case(f"{name}, rates=", against, 1.0, tenth, rates_ours, rates_pandas, check_ledger_arguments)


def movements_cases(scale: float) -> Iterator[Case]:
    name = "movements, 5 M subscriptions"
    table = Table(lambda: make_ledger(int(5_000_000 * scale)))
    for against, limit, theirs, options in (
        ("pandas, each customer's changes", 0.25, movements_pandas, {"memory": "process", "most_memory": 700}),
        ("DuckDB", 0.75, movements_duckdb, {"rival": "on_pandas"}),
        ("Polars, streaming", 0.5, movements_polars, {"rival": "polars"}),
    ):
        yield case(name, against, limit, table, movements_ours, theirs, check_movements, **options)
    yield from engine_cases(name, table, movements_ours, movements_polars, movements_duckdb, check_movements)
    tenth = Table(lambda: make_ledger(int(500_000 * scale)))  # the full size would make too many rows
    name, against = "movements, 0.5 M subscriptions", "pandas, a row per customer and month"
    yield case(name, against, 0.06, tenth, movements_ours, movements_explode, check_movements)


# ------------------------------------------------------------------------------------------------ active users


def active_ours(events: Any) -> pd.DataFrame:
    return csm.cohorts.active_users(events, as_of=AS_OF)


def active_pandas(events: pd.DataFrame) -> pd.DataFrame:
    """Count users who enter a window on each active day and leave it at their next or when the window has passed."""
    seen = pd.DataFrame({"user": events["user"], "day": events["time"].dt.floor("D")})
    seen = seen.drop_duplicates().sort_values(["user", "day"])
    gap = (seen.groupby("user")["day"].shift(-1) - seen["day"]).dt.days
    entered = seen["day"].value_counts()
    days = pd.date_range(entered.index.min(), entered.index.max())
    out = {}
    for name, window in WINDOWS.items():
        left = (seen["day"] + pd.to_timedelta(gap.clip(upper=window).fillna(window), unit="D")).value_counts()
        out[name] = entered.sub(left, fill_value=0).reindex(days, fill_value=0).cumsum().astype("int64")
    return pd.DataFrame(out)


def active_polars(events: pl.LazyFrame) -> pl.DataFrame:
    longest = max(WINDOWS.values())
    day, gap, users = pl.col("day"), pl.col("gap"), pl.col("users").cast(pl.Int64)
    gaps = (
        events.select("user", day=pl.col("time").dt.date())
        .unique()
        .with_columns(following=day.shift(-1).over("user", order_by="day"))
        .group_by(day, gap=(pl.col("following") - day).dt.total_days().fill_null(longest).clip(upper_bound=longest))
        .agg(users=pl.len())
        .collect(engine="streaming")
    )
    entered = gaps.select("day", **dict.fromkeys(WINDOWS, users))
    left = [
        gaps.select(day + pl.duration(days=gap.clip(upper_bound=window)), **{name: -users})
        for name, window in WINDOWS.items()
    ]
    steps = pl.concat([entered, *left], how="diagonal").group_by("day").agg(pl.sum(*WINDOWS)).sort("day")
    days = steps.upsample("day", every="1d").with_columns(pl.col(*WINDOWS).fill_null(0).cum_sum())
    return days.filter(day <= entered["day"].max())


ACTIVE_SQL = """
with seen as (select distinct "user", "time"::date as "day" from rows),
following as (select "day", lead("day") over (partition by "user" order by "day") - "day" as gap from seen),
gaps as materialized (
    select "day", least(coalesce(gap, 28), 28)::int as gap, count(*) as users from following group by all
),
steps as (
    select "day", users as dau, users as wau, users as mau from gaps
    union all select "day" + least(gap, 1), -users, 0, 0 from gaps
    union all select "day" + least(gap, 7), 0, -users, 0 from gaps
    union all select "day" + least(gap, 28), 0, 0, -users from gaps
),
days as (select "day", sum(dau) as dau, sum(wau) as wau, sum(mau) as mau from steps group by "day"),
calendar as (
    select unnest(generate_series(min("day"), max("day"), interval 1 day))::date as "day" from gaps
)
select "day", (sum(dau) over past)::bigint as dau, (sum(wau) over past)::bigint as wau,
    (sum(mau) over past)::bigint as mau
from calendar left join days using ("day") window past as (order by "day") order by "day"
"""


def active_duckdb(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return connection.execute(ACTIVE_SQL).df()


@cache
def check_active() -> None:
    table = Table(lambda: make_events(LITTLE))
    theirs = [
        active_pandas(table.pandas),
        active_polars(table.polars).to_pandas(),
        active_duckdb(table.on_pandas),
        active_duckdb(table.duckdb),
    ]
    for frame in (table.pandas, table.polars, table.relation):
        ours = active_ours(frame)
        for other in theirs:
            for name, days in WINDOWS.items():  # the others count windows that are not full yet, too
                full, by_hand = ours[name].iloc[days - 1 :].to_numpy(), other[name].iloc[days - 1 :].to_numpy()
                np.testing.assert_array_equal(full, by_hand, "active: the sides differ")


def active_cases(scale: float) -> Iterator[Case]:
    name = "active users, 10 M events"
    table = Table(lambda: make_events(int(10_000_000 * scale)))
    for against, limit, theirs, options in (
        ("pandas, shift per user", 0.16, active_pandas, {"memory": "process"}),
        ("DuckDB, lead", 0.6, active_duckdb, {"rival": "on_pandas"}),
    ):
        yield case(name, against, limit, table, active_ours, theirs, check_active, **options)
    yield from engine_cases(name, table, active_ours, active_polars, active_duckdb, check_active)


# ------------------------------------------------------------------------------------------------ further arguments


def make_visits(rows: int) -> pd.DataFrame:
    """Make the same events with a kind and a platform."""
    rng = np.random.default_rng(14)
    kinds = pd.array(["visit", "signup", "buy"], dtype="str").take(rng.choice(3, rows, p=[0.7, 0.2, 0.1]))
    platforms = pd.array(["web", "phone"], dtype="str").take(rng.integers(0, 2, rows))
    return make_events(rows).assign(event=kinds, platform=platforms)


@cache
def people_of(rows: int) -> pd.DataFrame:
    """Make a table of users, some of whom have no event, that says when each signed up and by which way it came."""
    rng = np.random.default_rng(15)
    users = max(rows // 10, 1)
    begun = FIRST.astype("M8[s]") + rng.integers(0, MONTHS * 30 * 86_400, users)
    source = pd.array(["ad", "friend"], dtype="str").take(rng.integers(0, 2, users))
    return pd.DataFrame({"user": np.arange(users), "signed_up": begun.astype("M8[us]"), "source": source})


def by_people_ours(visits: pd.DataFrame) -> pd.Series:
    options: dict[str, Any] = {"users": people_of(len(visits)), "started": "signed_up", "by": "source"}
    return csm.cohorts.retention(visits, as_of=AS_OF, **options).counts.stack().loc[lambda cell: cell > 0]


def by_people_pandas(visits: pd.DataFrame) -> pd.Series:
    people = people_of(len(visits))
    both = visits[["user", "time"]].merge(people, on="user")
    both = both[both["time"] >= both["signed_up"]]
    age = (month_of(both["time"]) - month_of(both["signed_up"])).rename("age")
    cohort = both["signed_up"].dt.to_period("M").rename("cohort")
    found = both["user"].groupby([cohort, both["source"], age]).nunique().drop(0, level="age", errors="ignore")
    sizes = people["user"].groupby([people["signed_up"].dt.to_period("M"), people["source"]]).nunique()
    sizes = pd.concat({0: sizes}, names=["age"]).reorder_levels([1, 2, 0])
    return pd.concat([found, sizes.rename_axis(found.index.names)]).sort_index()


def by_start_ours(visits: pd.DataFrame) -> pd.DataFrame:
    return csm.cohorts.retention(visits, as_of=AS_OF, by="platform", by_at="start").counts


def by_start_pandas(visits: pd.DataFrame) -> pd.DataFrame:
    first = visits.sort_values(["time", "platform"]).drop_duplicates("user").set_index("user")["platform"]
    return csm.cohorts.retention(visits.assign(platform=visits["user"].map(first)), as_of=AS_OF, by="platform").counts


def horizon_ours(visits: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return csm.cohorts.retention(visits, as_of=AS_OF, kind="on_or_after", **options).counts


def activation_ours(visits: pd.DataFrame) -> pd.DataFrame:
    people = people_of(len(visits))
    return csm.cohorts.activation(visits, key_event="buy", users=people, started="signed_up", within="30D", as_of=AS_OF)


def activation_pandas(visits: pd.DataFrame) -> pd.DataFrame:
    people = people_of(len(visits))
    both = visits.loc[visits["event"] == "buy", ["user", "time"]].merge(people, on="user")
    passed = both["time"] - both["signed_up"]
    hit = both.loc[(passed >= pd.Timedelta(0)) & (passed < pd.Timedelta("30D")), "user"].unique()
    people = people.assign(activated=people["user"].isin(hit))
    return people.groupby(people["signed_up"].dt.to_period("M"))["activated"].agg(["size", "sum"])


STEPS = ["visit", "signup", "buy"]


def funnel_ours(visits: pd.DataFrame) -> pd.DataFrame:
    return csm.cohorts.funnel(visits, STEPS, as_of=AS_OF)


def funnel_pandas(visits: pd.DataFrame) -> list[int]:
    reached = visits[visits["event"] == STEPS[0]].groupby("user")["time"].min()
    counts = [len(reached)]
    for step in STEPS[1:]:
        rows = visits.loc[visits["event"] == step, ["user", "time"]]
        rows = rows.merge(reached.rename("before"), on="user")
        reached = rows[rows["time"] >= rows["before"]].groupby("user")["time"].min()
        counts.append(len(reached))
    return counts


@cache
def check_event_arguments() -> None:
    visits = make_visits(LITTLE)
    ours, theirs = by_people_ours(visits), by_people_pandas(visits)
    wanted = {key: users for key, users in theirs.items() if key[0].ordinal + key[2] <= pd.Period(AS_OF, "M").ordinal}
    assert {key: int(users) for key, users in ours.items()} == wanted, "a table of users: the sides do not agree"
    pd.testing.assert_frame_equal(by_start_ours(visits), by_start_pandas(visits))
    reached, by_hand = activation_ours(visits), activation_pandas(visits)
    assert reached.to_numpy().tolist() == by_hand.loc[reached.index].to_numpy().tolist()
    assert funnel_ours(visits)["converted"].tolist() == funnel_pandas(visits)


def event_argument_cases(scale: float) -> Iterator[Case]:
    table = Table(lambda: make_visits(int(5_000_000 * scale)))
    bounded = partial(horizon_ours, horizon=12)
    for name, against, limit, ours, theirs in (
        ("retention, users= and started=", "pandas, merge and groupby", 1.0, by_people_ours, by_people_pandas),
        ("retention, by_at='start'", "the same by a column mapped by hand", 1.0, by_start_ours, by_start_pandas),
        ("retention, horizon=12", "the same without it", 1.3, bounded, horizon_ours),
        ("activation", "pandas, merge and groupby", 1.0, activation_ours, activation_pandas),
        ("funnel of three steps", "pandas, merges and groupby", 1.0, funnel_ours, funnel_pandas),
    ):
        yield case(f"{name}, 5 M events", against, limit, table, ours, theirs, check_event_arguments)


# ------------------------------------------------------------------------------------------------ survival


def survival_ours(frame: pd.DataFrame) -> Any:
    return csm.survival.kaplan_meier(frame["duration"], frame["observed"])


def survival_groupby(frame: pd.DataFrame) -> pd.Series:
    at = frame.groupby("duration")["observed"].agg(["sum", "size"])
    at_risk = at["size"][::-1].cumsum()[::-1]
    return (1 - at["sum"] / at_risk).cumprod()


def survival_sorted(frame: pd.DataFrame) -> pd.Series:
    """Sort instead of grouping, which is faster where hardly any durations are equal."""
    rows = frame.sort_values("duration", ignore_index=True)
    last = rows["duration"].ne(rows["duration"].shift(-1))  # the last of equal durations
    lost = rows["observed"].cumsum()[last]
    at_risk = len(rows) - (lost.index.to_series() + 1).shift(fill_value=0)
    curve = (1 - (lost - lost.shift(fill_value=0)) / at_risk).cumprod()
    return curve.set_axis(rows["duration"][last])


def survival_scipy(frame: pd.DataFrame) -> Any:
    from scipy import stats

    sample = stats.CensoredData.right_censored(frame["duration"].to_numpy(), ~frame["observed"].to_numpy())
    return stats.ecdf(sample).sf


@cache
def check_survival(whole_days: bool) -> None:
    frame = make_durations(LITTLE, whole_days=whole_days)
    theirs = survival_groupby(frame)
    for other in (survival_sorted(frame), pd.Series(survival_scipy(frame).evaluate(theirs.index), theirs.index)):
        pd.testing.assert_series_equal(theirs, other, check_names=False, rtol=1e-9)
    ours = survival_ours(frame)
    assert list(ours.table.index) == list(theirs.index)
    np.testing.assert_allclose(ours.table["survival"], 100 * theirs, rtol=1e-9)
    assert ours.median == theirs.index[theirs <= 0.5][0], "survival: the sides differ"


def survival_cases(scale: float) -> Iterator[Case]:
    for kind, whole_days, rivals in (
        ("days", True, (("pandas groupby", 0.25, survival_groupby), ("scipy.stats.ecdf", 0.1, survival_scipy))),
        ("floats", False, (("pandas, sorted", 0.33, survival_sorted),)),
    ):
        table = Table(lambda whole_days=whole_days: make_durations(int(10_000_000 * scale), whole_days=whole_days))
        check = partial(check_survival, whole_days)
        for against, limit, theirs in rivals:
            name = f"survival (Kaplan-Meier), 10 M durations in {kind}"
            yield case(name, against, limit, table, survival_ours, theirs, check)


def cohort_cases(scale: float) -> Iterator[Case]:
    for make in (
        retention_cases,
        movements_cases,
        ledger_argument_cases,
        active_cases,
        event_argument_cases,
        survival_cases,
    ):
        yield from make(scale)
