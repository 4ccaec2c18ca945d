"""Quickstart: a made-up SaaS company's scorecard, its months from raw rows, and churn from a CSV file of your own.

python examples/quickstart.py
python examples/quickstart.py --customers churn.csv --segment plan --lost churned --start opening
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import csmetrics as csm
from csmetrics.datasets import SaasCompany, make_saas

PLANS = ["starter", "team", "business"]
GROSS_MARGIN = 80  # percent; a real figure comes from the company's books, so this one is assumed
HEALTH = csm.HealthScore(
    components={
        "usage": {"weight": 40},
        "seats_in_use": {"weight": 20},
        "support": {"weight": 20},
        "sentiment": {"weight": 20, "high": 10},  # the last NPS answer; without one, the other components decide
    },
    bands={"red": 40, "yellow": 60},
    min_coverage=50,
)
TOTALS = "churn_rate retention_rate nrr grr arpa nps csat ces fcr clv cac crc cac_payback adoption_rate"
TOTALS += " feature_adoption_rate stickiness license_utilization"
SIDE_BY_SIDE = (
    "churn_rate retention_rate customer_growth_rate nrr grr quick_ratio arpa mrr_growth_rate nps csat ces fcr"
)
SIDE_BY_SIDE += " first_response_time resolution_time reopen_rate contact_rate stickiness lifecycle_quick_ratio"
SIDE_BY_SIDE += " adoption_rate feature_adoption_rate onboarding_completion_rate activation_rate"
YOURS = """

YOUR OWN TABLES

The month as a page that explains each figure, or as a workbook with live formulas:
pip install "csmetrics[report]"
csm.report_from_tables(subscriptions=plans, as_of="2026-06-30", by="plan").save("june.html")
From files, with the same columns (customer, start, end, mrr), and the next month in one command:
pip install "csmetrics[cli,report]"
csmetrics report --subscriptions plans.csv --as-of 2026-06-30 --by plan --out june.html"""


def scorecard(company: SaasCompany) -> pd.DataFrame:
    """Build a table with one row per metric, one column per plan, and the total, computed from the sums of all rows."""
    totals, names = company.cohorts.csm, TOTALS.split()
    by_plan = totals.by("plan").metrics(*names, gross_margin=GROSS_MARGIN)
    table = by_plan.T.join(totals.total().metrics(*names, gross_margin=GROSS_MARGIN).T)
    waits = company.onboarding.merge(company.accounts[["customer", "plan"]], on="customer").csm  # no sum has a median
    median = waits.by("plan").median_ttv("started", "value", as_of=company.as_of)
    table.loc["median_ttv"] = {**median, "total": waits.total().median_ttv("started", "value", as_of=company.as_of)}
    scores = health_scores(company)  # a score is one customer's, so this is a mean of customers, not of rates
    means = scores.groupby("plan", observed=True)["score"].mean()
    table.loc["health_score"] = {**means, "total": scores["score"].mean()}
    return table


def health_scores(company: SaasCompany) -> pd.DataFrame:
    """Return the score, band and contributions of every customer, with the customer's plan."""
    customers = company.health.assign(seats_in_use=company.health.csm.license_utilization())
    return HEALTH.score(customers).assign(plan=customers["plan"])


def bands_by_plan(company: SaasCompany) -> pd.DataFrame:
    """Count the red, yellow and green customers of each plan."""
    scores = health_scores(company)
    bands = pd.crosstab(scores["plan"].astype(object), scores["band"].fillna("no score"))
    bands = bands.reindex(index=PLANS, columns=["red", "yellow", "green", "no score"], fill_value=0)
    bands.loc["total"] = bands.sum()
    return bands


def show_company(company: SaasCompany) -> None:
    card, month = scorecard(company), company.period.strftime("%B %Y")
    opening, closing, mrr = company.cohorts[["start", "end", "end_mrr"]].sum()
    print(f"A made-up SaaS company in {month}. It comes from a random generator; no customer in it exists.")
    print(f"{opening:,} customers at the start of the month, {closing:,} at the end.")
    print(f"They pay ${mrr / 100:,.0f} a month.\n")
    show_metrics(card)
    print(f"""
In the last column: the unit, and which way is better.
The total is computed from the summed columns. It is not the mean of the plans.
Rates and revenue per account are of one month; a year's churn is not twelve times a month's.
Lifetime value and payback assume a gross margin of {GROSS_MARGIN}%.
Median time to value counts customers who are still waiting.""")
    left = company.cohorts.groupby("plan", observed=True)["lost"].sum()
    if few := ", ".join(f"{lost} in {plan}" for plan, lost in left.items() if lost < 10):
        print(f"Lifetime value rests on few who left: {few}. One more or less moves it a lot.")
    print_gaps(card)

    print(f"\n\nEVERY PLAN IN EVERY REGION, {month}\n")
    rates = company.cohorts.csm.by("plan", "region").metrics("churn_rate", "nrr", "clv", gross_margin=GROSS_MARGIN)
    cells = company.cohorts.set_index(["plan", "region"])[["start", "lost"]].join(rates)
    show(cells)
    print_gaps(cells)

    print("\n\nCUSTOMERS BY HEALTH BAND\n")
    show(bands_by_plan(company))
    weights = ", ".join(f"{name} {part.weight:g}" for name, part in HEALTH.components.items())
    print(f"\nRed is up to {HEALTH.bands.red:g} points, yellow up to {HEALTH.bands.yellow:g}.\nWeights: {weights}.")


# ------------------------------------------------------------------------------------------------------ from raw rows


def board(company: SaasCompany) -> pd.DataFrame:
    """Count all raw tables by month and plan, and join the counts: one row per month and plan, one column per total."""
    plans = company.accounts[["customer", "plan"]]
    events = company.events.rename(columns={"user": "customer"}).merge(plans, on="customer")
    joined = recently_joined(company)
    first_steps = events[events["customer"].isin(joined["customer"])]
    months: dict[str, Any] = {"freq": "M", "as_of": company.as_of, "by": "plan"}
    of_users: dict[str, Any] = {"user": "customer", **months}
    build = csm.cohorts
    frames = [
        build.movements_from_subscriptions(company.subscriptions, **months),
        build.survey(company.surveys.merge(plans), nps="nps", csat="csat", ces="ces", time="time", **months),
        build.tickets(company.tickets.merge(plans), **months),
        build.onboarding(company.onboarding.merge(plans), **months),
        build.active_users(events, since=kept_since(company), **of_users),
        build.lifecycle(events, **of_users),
        build.adoption(with_everyone_live(events, company), eligible="eligible", time="time", **of_users),
        build.activation(
            first_steps, event="feature", key_event="reports", users=joined, started="signed_up", **of_users
        ),
    ]
    return pd.concat(frames, axis=1)


def with_everyone_live(events: pd.DataFrame, company: SaasCompany) -> pd.DataFrame:
    """Add, for each month of the events, a row without a feature for each customer who is live as it closes."""
    ledger = company.subscriptions
    live = []
    for month in pd.period_range(events["time"].min(), company.period, freq="M"):
        last = month.end_time.floor("us")
        rows = ledger[(ledger["start"] <= last) & ~(ledger["end"] <= last)]
        live.append(rows[["customer", "plan"]].drop_duplicates().assign(time=last, eligible=True))
    return pd.concat([events.assign(eligible=False), *live], ignore_index=True)


def recently_joined(company: SaasCompany) -> pd.DataFrame:
    """Return the customers who signed up since events are kept: of the others, nobody knows the first steps."""
    return company.accounts[company.accounts["signed_up"] >= kept_since(company)]


def kept_since(company: SaasCompany) -> pd.Timestamp:
    """Return the day from which on events are kept, the first of a month."""
    return company.events["time"].min().to_period("M").start_time


def movements(company: SaasCompany) -> pd.DataFrame:
    """Count the movements of customers and MRR, month by month, from the subscriptions."""
    return csm.cohorts.movements_from_subscriptions(company.subscriptions, as_of=company.as_of)


def weekly_retention(company: SaasCompany) -> csm.cohorts.RetentionGrid:
    """Count the customers who used the product in the weeks after signing up."""
    joined = recently_joined(company).rename(columns={"customer": "user"})
    used = company.events[company.events["user"].isin(joined["user"])]
    return csm.cohorts.retention(used, users=joined, started="signed_up", freq="W", as_of=company.as_of)


def active_users(company: SaasCompany) -> pd.DataFrame:
    """Count the users of each day and of the week and month ending with it; a month is as long as the last full one."""
    return csm.cohorts.active_users(company.events, mau=company.period.days_in_month, as_of=company.as_of)


def lifecycle(company: SaasCompany) -> pd.DataFrame:
    """Count the users who came, stayed, came back and went quiet, month by month."""
    return csm.cohorts.lifecycle(company.events, as_of=company.as_of)


def show_raw_rows(company: SaasCompany) -> None:
    print("""

FROM RAW ROWS

csm.cohorts counts totals from raw tables, one call each; the metric is the next call:
csm.cohorts.movements_from_subscriptions(subscriptions).csm.nrr()
The last month has the totals that the scorecard above is made from.
""")
    bridge = movements(company).tail(3)
    counts = bridge[["start", "new", "reactivated", "lost", "end"]]
    show(counts.join(bridge.csm.metrics("churn_rate", "nrr", "grr")))
    print("\nEvery customer is compared from opening to closing. The end of the data is not churn.\n")

    grid = weekly_retention(company)
    rates = grid.rates().iloc[-7:, 1:7].map(lambda rate: "" if pd.isna(rate) else f"{rate:.0f}%")
    rates = rates.add_prefix("week ").set_axis([f"{week.start_time:%Y-%m-%d}" for week in rates.index])
    rates.insert(0, "customers", [figure(size) for size in grid.sizes.tail(7)])
    print("Signed up in the week of")
    print(rates.rename_axis(columns=None).to_string())
    pooled = grid.pooled()
    print(f"""
Blank: the week is not over yet, which is not a 0.
All {len(grid.sizes)} cohorts together, week 1: {pooled[1]:.0f}%; week 6: {pooled[6]:.0f}%.
""")
    users, stages = active_users(company).tail(3), lifecycle(company).tail(2)  # in the first month every user is new
    show(users.join(users.csm.stickiness()))
    print("\nThe scorecard takes the mean day of the month instead: weekends are quiet.\n")
    show(stages.join(stages.csm.lifecycle_quick_ratio()))
    print("\nQuick ratio: those who came or came back for each one who went quiet.\n")

    month = board(company).loc[company.period]
    asked = month.csm.response_rate(responses="nps_responses", invited="nps_invited")
    show(month[["nps_responses"]].assign(response_rate=asked).join(month.csm.metrics("nps", "csat", "ces")))
    print()
    show(month[["tickets"]].join(month.csm.metrics("fcr", "first_response_time", "resolution_time")))
    print("\nFCR is first contact resolution. Times are hours.\n")
    show(month[["started", "completed"]].join(month.csm.onboarding_completion_rate()).join(month["median_ttv"]))
    print("\nWho started late had little time. The median allows for that (Kaplan-Meier); the rate does not.")
    print_gaps(month[["median_ttv"]])


def two_months(months: pd.DataFrame, company: SaasCompany) -> pd.DataFrame:
    """Compute the metrics of the last full month and of the one before, from the sums over all plans."""
    card = months.csm.by("period").metrics().loc[[company.period - 1, company.period]].T
    return card.assign(change=card[company.period] - card[company.period - 1])


def show_two_months(months: pd.DataFrame, company: SaasCompany) -> None:
    card = two_months(months, company).loc[SIDE_BY_SIDE.split()]
    print("\n\nLAST MONTH BESIDE THIS ONE\n")
    print("Every raw table, counted by month and plan, and the counts joined to one frame:")
    print('frame.csm.by("period").metrics()\n')
    rises = [csm.catalog[name].direction == "higher" for name in card.index]
    words = np.where((card["change"] > 0) == rises, "better", "worse")
    show_metrics(card.iloc[:, :2], np.where(card["change"].fillna(0) == 0, "", words))
    print(f"""
Customers who started in the last month had less time to complete onboarding.
Activation is using reports within seven days of signing up.
In a month that has just ended, not all have had their seven days, so it is missing.
Whether a change may be chance, the same frame tells:
frame.csm.total().compare_periods("nps", "{card.columns[0]}", "{card.columns[1]}")""")
    print_gaps(card.drop(index="activation_rate").T)


# ------------------------------------------------------------------------------------------------- the reader's file


class BadFileError(Exception):
    """The file cannot be used; the message says why."""


def read_table(path: Path) -> pd.DataFrame:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadFileError(f"cannot read it: {error.strerror or error}") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadFileError("it is not a CSV text file in UTF-8; save the sheet as 'CSV UTF-8' first")
    if not text.strip():
        raise BadFileError("it is empty")
    header = text.lstrip().splitlines()[0]
    separator = max(",;\t", key=header.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=separator))]
        frame = pd.read_csv(io.StringIO(text), sep=separator, skipinitialspace=True, low_memory=False)
    except (ValueError, csv.Error) as error:
        raise BadFileError(f"it does not read as CSV: {error}") from None
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadFileError(f"it has several columns named {twice[0]!r}")
    if frame.empty:
        raise BadFileError("it has a header and no rows")
    if not isinstance(frame.index, pd.RangeIndex):
        raise BadFileError("its rows have more fields than its header")
    return frame.rename(columns=str.strip)


def only_numbers(column: pd.Series[Any]) -> None:
    """Name the cell that is not a number: one word in a column makes pandas read the whole column as text."""
    texts = column[[isinstance(value, str) for value in column]]
    for row, text in texts[pd.to_numeric(texts, errors="coerce").isna()].items():
        raise BadFileError(f"column {column.name!r} must hold numbers; row {row + 1} below the header has {text!r}")
    if column.dtype.kind == "f":  # 1.250 for 1250 would pass as a number
        for row, value in column[np.isfinite(column) & (column != column.round())].items():
            where = f"row {row + 1} below the header has {value}"
            raise BadFileError(f"column {column.name!r} must hold whole numbers; {where}")


def churn_table(frame: pd.DataFrame, keys: list[str], mapped: dict[str, str]) -> pd.DataFrame:
    """Compute churn by the keys, and retention if the file has its columns, with the sums behind them."""
    lost, start = mapped.get("lost", "lost"), mapped.get("start", "start")
    comers = {name: mapped[name] for name in ("end", "new", "reactivated") if name in mapped}
    retains = bool(comers) or {"end", "new"} <= set(frame.columns)
    for name in [lost, start, *(mapped.get(name, name) for name in ("end", "new", "reactivated") if retains)]:
        if name in frame.columns:
            only_numbers(frame[name])
    frame.csm.churn_rate(lost=lost, start=start)  # each row by itself: a sum can hide a row that cannot be right
    if retains:
        frame.csm.retention_rate(start=start, **comers)
    at = frame.assign(_=0).csm.by(keys or "_")
    rates = {"churn_rate": at.churn_rate(lost=lost, start=start)}
    if retains:
        rates["retention_rate"] = at.retention_rate(start=start, **comers)
    groups = frame.assign(_=0).groupby(keys or "_", dropna=False)
    sums = {"start": groups[start], "lost": groups[lost]}
    found = pd.DataFrame({name: one.agg(lambda part: part.sum(skipna=False)) for name, one in sums.items()})
    return found.assign(**rates) if keys else found.assign(**rates).set_axis(["all rows"])


def show_file(path: Path, segment: str | None, period: str | None, mapped: dict[str, str]) -> None:
    frame = read_table(path)
    if period is None and "period" in frame.columns:
        period = "period"
    keys = [name for name in dict.fromkeys((period, segment)) if name is not None]
    table = churn_table(frame, keys, mapped)
    print(f"Churn from {path.name}, {len(frame):,} row{'s' * (len(frame) != 1)}\n")
    if segment is not None and segment != period:  # opening customers add up over segments, never over periods
        whole = churn_table(frame, [period] if period else [], mapped)
        totals = [(label, "total") for label in whole.index] if period else ["total"]
        table = pd.concat([table, whole.set_axis(totals)])
    show(table.set_axis([_label(label) for label in table.index]))
    print("\nChurn: lost customers as a percent of those there at the start. Rates of groups come from their sums.")
    if period is None:
        print("All rows count as one period. Does the file hold several? Name the column: --period month")
    print_gaps(table)


def _label(label: Any) -> str:
    parts = label if isinstance(label, tuple) else (label,)
    return "  ".join("(none)" if pd.isna(part) else str(part) for part in parts)


# --------------------------------------------------------------------------------------------------------- printing


def figure(value: float, name: str = "") -> str:
    """Write a value as a person would: cents as dollars, percent with one decimal, "-" for a missing value."""
    if pd.isna(value):
        return "-"
    unit = csm.catalog[name].unit if name in csm.catalog else "count"
    if unit == "money":
        dollars = value / 100
        return f"${dollars:,.2f}" if abs(dollars) < 100 else f"${dollars:,.0f}"
    if unit == "percent":
        return f"{value:.1f}%"
    if unit == "count":
        return f"{value:,.10g}"
    return f"{value:.2f}" if unit == "rating" else f"{value:.1f}"


def show(table: pd.DataFrame) -> None:
    """Print a table whose columns are metrics or totals."""
    texts = {name.replace("_", " "): [figure(x, name) for x in table[name]] for name in table.columns}
    labels = table.index.map(" / ".join) if table.index.nlevels > 1 else table.index.astype(str)
    wide = max(map(len, labels))
    print(pd.DataFrame(texts, index=[f"{label:<{wide}}" for label in labels]).to_string())


def show_metrics(card: pd.DataFrame, words: Any = None) -> None:
    """Print a table whose rows are metrics, with their units or other words in the last column."""
    specs = [csm.catalog[name] for name in card.index]
    texts = {str(column): [figure(x, name) for name, x in card[column].items()] for column in card.columns}
    texts[""] = [f"{spec.unit}, {spec.direction}" for spec in specs] if words is None else list(words)
    wide = max(len(spec.title) for spec in specs)
    print(pd.DataFrame(texts, index=[f"{spec.title:<{wide}}" for spec in specs]).to_string())


def print_gaps(table: pd.DataFrame) -> None:
    """Explain each "-" in the table: why that metric has no value in that place."""
    table = table if set(table.columns) & set(csm.catalog) else table.T
    for name in table.columns[table.isna().any()]:
        if name not in csm.catalog:
            print(f'"-" under {name}: a value is missing, and a sum without it would be too small.')
        elif name == "median_ttv":
            print('"-" in median time to value: fewer than half of the customers got there so far.')
        else:
            base = csm.catalog[name].base
            print(f'"-" in {csm.catalog[name].title}: no value where `{base}` is 0 or a value is missing. It is not 0.')


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Scorecard of a made-up SaaS company, or churn from a CSV file.")
    parser.add_argument("--customers", metavar="CSV", type=Path, help="compute churn from this file instead")
    of_file = parser.add_argument_group("columns of the file, where they have other names")
    of_file.add_argument("--segment", metavar="COLUMN", help="one row of the result per value of it")
    of_file.add_argument("--period", metavar="COLUMN", help="the time axis (default: period, where there is one)")
    of_file.add_argument("--lost", metavar="COLUMN", help="customers lost in the period")
    of_file.add_argument("--start", metavar="COLUMN", help="customers there when it began")
    of_file.add_argument("--end", metavar="COLUMN", help="customers there when it ended (for retention)")
    of_file.add_argument("--new", metavar="COLUMN", help="customers among them who joined (for retention)")
    of_file.add_argument("--reactivated", metavar="COLUMN", help="customers among them who came back (for retention)")
    options = vars(parser.parse_args(arguments))
    path = options.pop("customers")
    given = {name: column for name, column in options.items() if column is not None}
    if path is None:
        if given:
            parser.error(f"--{next(iter(given))} needs --customers CSV")
        company = make_saas()
        show_company(company)
        show_raw_rows(company)
        show_two_months(board(company), company)
        print(YOURS)
        return 0
    try:
        show_file(path, given.pop("segment", None), given.pop("period", None), given)
    except (BadFileError, csm.CsmetricsError) as error:
        message = " ".join(f"{path}: {error}".split())
        if place := re.search(r"first at position (\d+)", message):
            message += f" (row {int(place[1]) + 1} below the header)"
        if isinstance(error, csm.MissingColumnError) and (near := re.fullmatch(r"(\w+)='(.+)'", error.hint)):
            message += f" (here: --{near[1]} {near[2]!r})"
        print(f"quickstart: {message}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a file may have names that the terminal cannot show
    sys.exit(main())
