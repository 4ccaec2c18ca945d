"""Adoption, compared with counting sets by hand, case by case, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm

from ..drawn import drawn

adoption = csm.cohorts.adoption
DRAWN = drawn(40)
COLUMNS = ["adopters", "eligible", "features_used", "features_available"]
USE = ["user", "feature", "plan", "region", "eligible"]
Row = dict[str, Any]


def by_hand(uses: list[Row], by: list[str], eligible: str | int | list[Row] = "eligible") -> dict[Any, list[int]]:
    """Restate the definition with sets. A missing value is None."""
    others = [name for name in by if name != "feature"]
    shared = [name for name in others if not isinstance(eligible, list) or all(name in row for row in uses)]
    if isinstance(eligible, list):
        could = {(row["user"], *(row[name] for name in others)) for row in eligible}
    else:
        could = {(row["user"], *(row[n] for n in others)) for row in uses if isinstance(eligible, int) or row[eligible]}
    groups = {who[1:] for who in could}
    if shared == others:
        groups |= {tuple(row[name] for name in others) for row in uses}
    features = {row["feature"] for row in uses} - {None}
    found = {}
    for group in groups if others else [()]:
        members = {who[0] for who in could if who[1:] == group}
        used = {
            (row["user"], row["feature"])
            for row in uses
            if row["feature"] is not None
            and row["user"] in members
            and all(row[name] == group[others.index(name)] for name in shared)
        }
        below = eligible if isinstance(eligible, int) else len(members)
        if "feature" not in by:
            found[group] = [len({user for user, _ in used}), below, len(used), below * len(features)]
            continue
        for feature in features:
            users = len({user for user, which in used if which == feature})
            place = {"feature": feature} | dict(zip(others, group, strict=True))
            found[tuple(place[name] for name in by)] = [users, below, users, below]
    return found


def frame(rows: list[Row], names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {n: pd.Series([row[n] for row in rows], dtype=bool if n == "eligible" else object) for n in names}
    )


def check(result: pd.DataFrame, expected: dict[Any, list[int]], by: list[str]) -> None:
    assert list(result.columns) == COLUMNS
    assert set(map(str, result.dtypes)) == {"int64"}
    if not by:
        assert result.index.tolist() == ["total"]
        assert result.loc["total"].tolist() == expected[()]
        return
    assert list(result.index.names) == by
    keys = [key if isinstance(key, tuple) else (key,) for key in result.index]
    keys = [tuple(None if part is None or part != part else part for part in key) for key in keys]
    assert keys == sorted(keys, key=lambda key: [(part is None, part or "") for part in key])  # missing keys last
    assert dict(zip(keys, result.to_numpy().tolist(), strict=True)) == expected


uses_drawn = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["ann", "bob", "cid", "dan"]),
            "feature": st.sampled_from([None, "chart", "export", "share"]),
            "plan": st.sampled_from(["free", "pro", None]),
            "region": st.sampled_from(["north", "south"]),
            "eligible": st.booleans(),
        }
    ),
    min_size=1,
    max_size=20,
)
accounts_drawn = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["ann", "bob", "cid", "eve"]),
            "plan": st.sampled_from(["free", "pro", "team", None]),
            "region": st.sampled_from(["north", "south"]),
        }
    ),
    max_size=8,
)
BY = [[], ["plan"], ["region", "plan"], ["feature"], ["feature", "region"], ["plan", "feature"]]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("by", BY, ids=str)
@given(data=st.data())
@DRAWN
def test_against_sets(by: list[str], data: st.DataObject) -> None:
    uses = data.draw(uses_drawn)
    table = frame(uses, USE)
    before = table.copy(deep=True)
    asked: dict[str, Any] = {"by": by} if by else {}
    check(adoption(table, **asked), by_hand(uses, by), by)
    check(adoption(table, eligible=9, **asked), by_hand(uses, by, 9), by)
    rows = data.draw(accounts_drawn)
    accounts = frame(rows, ["user", "plan", "region"])
    check(adoption(table, eligible=accounts, **asked), by_hand(uses, by, rows), by)
    # where the uses have no groups, those of the accounts are used
    for lacking in (["plan"], ["plan", "region"]):
        less = [{name: value for name, value in row.items() if name not in lacking} for row in uses]
        got = adoption(table.drop(columns=lacking), eligible=accounts, **asked)
        check(got, by_hand(less, by, rows), by)
    pd.testing.assert_frame_equal(table, before)


@given(uses=uses_drawn)
@DRAWN
def test_parts_and_wholes(uses: list[Row]) -> None:
    """The formulas accept the result at every grain; the order and repetition of rows change nothing."""
    table = frame(uses, USE)
    for by in ([], ["region"], ["region", "feature"]):
        result = adoption(table, **({"by": by} if by else {}))
        result.csm.metrics()
        assert (result["adopters"] <= result["features_used"]).all()
        again = pd.concat([table, table]).sample(frac=1, random_state=1)
        pd.testing.assert_frame_equal(adoption(again, **({"by": by} if by else {})), result)
    total = adoption(table)
    by_feature = adoption(table, by="feature")
    assert by_feature["adopters"].sum() == total["features_used"].item()
    assert by_feature["features_available"].sum() == total["features_available"].item()


# ------------------------------------------------------------------------------------------------------- case by case

EVENTS = pd.DataFrame({"user": ["ann", "ann", "ann", "bob"], "feature": ["export", "export", "chart", "chart"]})
ACCOUNTS = pd.DataFrame({"user": ["ann", "bob", "cid", "dan"], "plan": ["pro", "pro", "pro", "free"]})


def test_a_frame_of_those_who_could() -> None:
    result = adoption(EVENTS, eligible=ACCOUNTS, by="plan")
    assert result.loc["pro"].tolist() == [2, 3, 3, 6]
    assert result.loc["free"].tolist() == [0, 1, 0, 2]  # a plan whose user used nothing still counts in the denominator
    assert adoption(EVENTS, eligible=ACCOUNTS).loc["total"].tolist() == [2, 4, 3, 8]
    assert result.csm.total().adoption_rate() == 50.0
    assert result.csm.total().feature_adoption_rate() == 37.5


def test_uses_by_others_do_not_count() -> None:
    """The chart that bob used is still one of the two features that ann has."""
    result = adoption(EVENTS, eligible=ACCOUNTS[ACCOUNTS["user"] == "ann"])
    assert result.loc["total"].tolist() == [1, 1, 2, 2]
    nobody = adoption(EVENTS, eligible=ACCOUNTS.iloc[3:])
    assert nobody.loc["total"].tolist() == [0, 1, 0, 2]


def test_an_account_listed_twice_is_one() -> None:
    twice = pd.concat([ACCOUNTS, ACCOUNTS])
    pd.testing.assert_frame_equal(
        adoption(EVENTS, eligible=twice, by="plan"), adoption(EVENTS, eligible=ACCOUNTS, by="plan")
    )


def test_by_feature_all_who_could_are_below_the_line() -> None:
    result = adoption(EVENTS, eligible=ACCOUNTS, by="feature")
    assert result.to_dict("index") == {
        "chart": dict(zip(COLUMNS, [2, 4, 2, 4], strict=True)),
        "export": dict(zip(COLUMNS, [1, 4, 1, 4], strict=True)),
    }
    assert result.csm.adoption_rate().tolist() == [50.0, 25.0]
    assert adoption(EVENTS, eligible=10, by="feature").csm.adoption_rate().tolist() == [20.0, 10.0]
    # also where no user of a group used it
    grid = adoption(EVENTS, eligible=ACCOUNTS, by=["plan", "feature"])
    assert grid.loc[("free", "export")].tolist() == [0, 1, 0, 1]
    assert grid.csm.by("feature").adoption_rate().tolist() == [50.0, 25.0]


def test_a_number_of_those_who_could() -> None:
    result = adoption(EVENTS, eligible=4)
    assert result.loc["total"].tolist() == [2, 4, 3, 8]
    assert adoption(EVENTS.assign(day=[1, 1, 2, 2]), eligible=np.int64(4), by="day")["eligible"].tolist() == [4, 4]
    assert adoption(EVENTS, eligible=0).loc["total"].tolist() == [2, 0, 3, 0]
    with pytest.raises(csm.MetricInputError, match="`adopters` must be <= `eligible`"):  # 1 is fewer than the adopters
        adoption(EVENTS, eligible=1).csm.total().adoption_rate()


def test_a_column_of_those_who_could() -> None:
    """One eligible row makes a user eligible; a row without a feature is a user who used nothing."""
    events = pd.DataFrame(
        {
            "user": ["ann", "ann", "bob", "cid", "dan"],
            "feature": ["chart", "export", "chart", None, None],
            "eligible": [False, True, False, True, False],
        }
    )
    assert adoption(events).loc["total"].tolist() == [1, 2, 2, 4]
    assert adoption(events, by="feature").to_numpy().tolist() == [[1, 2, 1, 2]] * 2


def test_who_could_in_one_group_could_not_in_another() -> None:
    """A user in two plans may have access in only one of them."""
    events = pd.DataFrame(
        {"user": ["ann", "ann"], "feature": ["chart", "chart"], "plan": ["free", "pro"], "eligible": [False, True]}
    )
    result = adoption(events, by="plan")
    assert result.loc["free"].tolist() == [0, 0, 0, 0]
    assert result.loc["pro"].tolist() == [1, 1, 1, 1]


FLAGS = {
    "booleans": [True, True, False],
    "numbers": [1, 1, 0],
    "objects": [True, True, None],
    "nullable": pd.array([True, True, None], dtype="boolean"),
}


@pytest.mark.parametrize("kind", FLAGS)
def test_flags_of_any_kind(kind: str) -> None:
    events = pd.DataFrame({"user": [1, 2, 3], "feature": ["a", None, "a"], "access": FLAGS[kind]})
    assert adoption(events, eligible="access").loc["total"].tolist() == [1, 2, 1, 2]


USERS: list[Callable[[list[int]], Any]] = [
    lambda numbers: np.array(numbers),
    lambda numbers: np.array(numbers) * 10**15,
    lambda numbers: [f"user {n}" for n in numbers],
    lambda numbers: pd.Categorical([f"user {n}" for n in numbers]),
    lambda numbers: np.array(numbers, dtype=float),
    lambda numbers: pd.array(numbers, dtype="Int64"),
]


@pytest.mark.parametrize("of", USERS)
def test_users_of_any_kind(of: Callable[[list[int]], Any]) -> None:
    events = pd.DataFrame({"user": of([1, 1, 2, 3]), "feature": ["a", "b", "a", "b"]})
    accounts = pd.DataFrame({"user": of([2, 3, 4])})
    assert adoption(events, eligible=3).loc["total"].tolist() == [3, 3, 4, 6]
    assert adoption(events, eligible=accounts).loc["total"].tolist() == [2, 3, 2, 6]


def test_keys_of_any_kind() -> None:
    plans = pd.CategoricalDtype(["small", "large", "huge"])
    accounts = pd.DataFrame({"user": [1, 2, 3], "plan": pd.Series(["large", "small", None]).astype(plans)})
    events = pd.DataFrame({"user": [1, 1, 3], "feature": pd.Series(["b", "a", "b"]).astype("category")})
    result = adoption(events, eligible=accounts, by=["plan", "feature"])
    assert [tuple(map(str, key)) for key in result.index] == list(product(["small", "large", "nan"], ["a", "b"]))
    assert result["adopters"].tolist() == [0, 0, 1, 1, 0, 1]
    months = EVENTS.assign(month=pd.PeriodIndex(["2026-02", "2026-01", "2026-01", "2026-01"], freq="M"))
    by_month = adoption(months, eligible=4, by="month")
    assert by_month.index.equals(pd.PeriodIndex(["2026-01", "2026-02"], freq="M", name="month"))
    assert by_month["features_used"].tolist() == [3, 1]
    level = months.set_index("month")
    pd.testing.assert_frame_equal(adoption(level, eligible=4, by="month"), by_month)


def test_other_names_of_columns() -> None:
    events = EVENTS.rename(columns={"user": "account", "feature": "module"})
    accounts = ACCOUNTS.rename(columns={"user": "account"})
    result = adoption(events, user="account", feature="module", eligible=accounts, by=["plan", "module"])
    assert result.index.names == ["plan", "module"]
    assert result["adopters"].tolist() == [0, 0, 2, 1]


def test_no_rows() -> None:
    assert adoption(EVENTS.iloc[:0], eligible=ACCOUNTS).loc["total"].tolist() == [0, 4, 0, 0]
    assert adoption(EVENTS.iloc[:0], eligible=5).loc["total"].tolist() == [0, 5, 0, 0]
    assert adoption(EVENTS, eligible=ACCOUNTS.iloc[:0]).loc["total"].tolist() == [0, 0, 0, 0]
    assert adoption(EVENTS, eligible=ACCOUNTS.iloc[:0], by="plan").to_dict("list") == {name: [] for name in COLUMNS}
    for by in ("feature", ["plan", "feature"]):
        assert len(adoption(EVENTS.iloc[:0], eligible=ACCOUNTS, by=by)) == 0
    nothing = pd.DataFrame({"user": ["ann"], "feature": [None], "eligible": [True]})
    assert adoption(nothing).loc["total"].tolist() == [0, 1, 0, 0]
    assert len(adoption(nothing, by="feature")) == 0


# ------------------------------------------------------------------------------------------------------------ bad rows


@pytest.mark.parametrize("missing", [None, nan])
def test_a_row_without_a_user(missing: Any) -> None:
    events = pd.DataFrame({"user": ["ann", missing, "bob"], "feature": ["chart", "share", "chart"]}, index=list("xyz"))
    with pytest.raises(csm.MetricInputError, match=r"adoption: `user` must be present in every row; 1 of 3 rows.*'y'"):
        adoption(events, eligible=4)
    result = adoption(events, eligible=4, on_bad_rows="report")
    assert result.loc["total"].tolist() == [2, 4, 2, 4]  # a feature used only by unknown users is not available
    assert result.attrs["excluded"].frame["reason"].tolist() == ["`user` is missing"]
    assert result.attrs["excluded"].frame.index.tolist() == ["y"]
    accounts = ACCOUNTS.assign(user=["ann", "bob", missing, "dan"])
    for mode in ("raise", "report"):
        with pytest.raises(csm.MetricInputError, match="`user` must be present in every row; 1 of 4 rows"):
            adoption(EVENTS, eligible=accounts, on_bad_rows=mode)


def test_impossible_flags() -> None:
    events = EVENTS.assign(eligible=[1, 1, -1, 1])
    for mode in ("raise", "report"):
        with pytest.raises(csm.MetricInputError, match="`eligible` must be booleans, or 0 and 1; 1 of 4 values"):
            adoption(events, on_bad_rows=mode)


def test_nobody_said_who_could() -> None:
    for table in (EVENTS, EVENTS.assign(plan="x")):
        with pytest.raises(
            csm.MissingColumnError, match=r"no column 'eligible'.*eligible='has_access', their number, or a"
        ):
            adoption(table)
    with pytest.raises(csm.MissingColumnError, match="no column 'eligible'"):
        adoption(EVENTS, eligible=None)
    with pytest.raises(csm.MissingColumnError, match="no column 'access'"):
        adoption(EVENTS, eligible="access")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"eligible": 4, "by": "plan"}, csm.MissingColumnError, "no column 'plan'"),
        ({"eligible": ACCOUNTS, "by": "region"}, csm.MissingColumnError, "no column 'region'"),
        ({"eligible": ACCOUNTS[["plan"]]}, csm.MissingColumnError, "no column 'user'"),
        ({"eligible": 4, "user": "who"}, csm.MissingColumnError, "no column 'who'"),
        ({"eligible": 4, "feature": "what"}, csm.MissingColumnError, "no column 'what'"),
        ({"eligible": -1}, csm.MetricInputError, "must be a whole number >= 0"),
        ({"eligible": 2.5}, csm.MetricInputError, "must be a whole number >= 0"),
        ({"eligible": True}, csm.MetricInputError, "must be a whole number >= 0"),
        ({"eligible": ["ann", "bob"]}, csm.MetricInputError, "`eligible` must be a DataFrame"),
        (
            {"eligible": pd.DataFrame({"user": [1, 2]})},
            csm.MetricInputError,
            "one kind of values.*numbers in the accounts",
        ),
        ({"eligible": 4, "on_bad_rows": "drop"}, csm.MetricInputError, "'raise' or 'report'"),
    ],
)
def test_bad_input(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        adoption(EVENTS, **options)


# ------------------------------------------------------------------------------------------------------- every engine


def made_up(rows: int = 4000) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(13)
    users = rng.integers(0, 80, rows)
    events = pd.DataFrame(
        {
            "user": users,
            "feature": pd.Series(rng.choice(["chart", "export", "share", "api", None], rows).tolist()),
            "plan": pd.Series(np.array(["free", "pro", None])[users % 3].tolist()),
            "eligible": rng.random(rows) < 0.02,
            "day": np.datetime64("2026-01-10", "us") + rng.integers(0, 60, rows) * np.timedelta64(1, "D"),
            "access": pd.Series(rng.random(rows) < 0.02).astype("boolean").mask(rng.random(rows) < 0.2),
        }
    )
    everyone = np.arange(40, 120)
    accounts = pd.DataFrame(
        {
            "user": everyone,
            "plan": pd.Series(np.array(["free", "pro", None])[everyone % 3].tolist()),
            "region": pd.Series(np.array(["north", "south"])[everyone % 2].tolist()),
        }
    )
    return events, accounts


TABLE, COULD = made_up()


@pytest.mark.sampled(3)
def test_engines(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native = make(TABLE)
    pairs = len(TABLE[["user", "feature"]].drop_duplicates())
    for options in (
        {},
        {"eligible": "access", "by": "plan"},
        {"by": ["plan", "feature"]},
        {"eligible": 90, "by": "feature"},
    ):
        crossed.clear()
        result = adoption(native, **options)
        pd.testing.assert_frame_equal(result, adoption(TABLE, **options))
        assert crossed == [1, pairs]  # the number of bad rows; each user and feature once


def test_engines_by_period(make: Callable[[pd.DataFrame], Any]) -> None:
    native = make(TABLE)
    for options in (
        {"time": "day", "freq": "M", "by": "plan"},
        {"time": "day", "freq": "W", "as_of": "2026-02-10", "eligible": 90, "by": "feature"},
        {"time": "day", "freq": "M", "as_of": "2026-03-31", "eligible": COULD, "by": ["region", "feature"]},
        {"time": "day", "as_of": "2026-02-01"},
    ):
        pd.testing.assert_frame_equal(adoption(native, **options), adoption(TABLE, **options))


@pytest.mark.parametrize("by", [None, "plan", "feature", ["plan", "feature"]])
@pytest.mark.parametrize("eligible", ["column", "number", "frame"])
def test_each_period_is_counted_on_its_own(eligible: str, by: Any) -> None:
    who: Any = {"column": "eligible", "number": 90, "frame": COULD}[eligible]
    if eligible != "frame":
        result = adoption(TABLE, eligible=who, time="day", freq="M", as_of="2026-04-30", by=by)
    else:
        result = adoption(TABLE.drop(columns="eligible"), eligible=who, time="day", freq="M", as_of="2026-04-30", by=by)
    for month in pd.period_range("2026-01", "2026-04", freq="M"):
        got = result.xs(month, level="period") if by else result.loc[[month]]
        some = TABLE[TABLE["day"].dt.to_period("M") == month]
        if some.empty:
            assert not got[["adopters", "features_used"]].to_numpy().any()
            assert (got["eligible"] > 0).all() == (eligible != "column")
            continue
        expected = adoption(some, eligible=who, by=by)
        pd.testing.assert_frame_equal(got.reset_index(drop=True), expected.reset_index(drop=True))
    assert result.index.names[0] == "period"


def test_a_period_needs_a_time() -> None:
    with pytest.raises(csm.MetricInputError, match="`time` must name a column, as `freq` is given"):
        adoption(TABLE, freq="M")
    assert adoption(TABLE.iloc[:0], time="day", freq="M").empty


def test_engines_with_accounts(make: Callable[[pd.DataFrame], Any], crossed: list[int]) -> None:
    native, accounts = make(TABLE[["user", "feature", "plan"]]), make(pd.concat([COULD, COULD]))
    for by in (None, "plan", ["region", "plan"], ["feature", "region"]):
        crossed.clear()
        result = adoption(native, eligible=accounts, by=by)
        assert sorted(crossed)[:2] == [1, len(COULD)]
        pd.testing.assert_frame_equal(result, adoption(TABLE, eligible=COULD, by=by))
        pd.testing.assert_frame_equal(adoption(native, eligible=COULD, by=by), result)  # accounts from pandas
    with pytest.raises(csm.MissingColumnError, match="no column 'tier'"):
        adoption(native, eligible=accounts, by="tier")


def test_engines_with_bad_rows(make: Callable[[pd.DataFrame], Any]) -> None:
    table = TABLE.iloc[:50].assign(user=pd.Series(["ann", None, "bob", "cid", "dan"] * 10))
    with pytest.raises(csm.MetricInputError, match="10 of 50 rows break a rule, such as "):
        adoption(make(table))
    result = adoption(make(table), by="plan", on_bad_rows="report")
    assert result.attrs["excluded"].frame["reason"].tolist() == ["`user` is missing"] * 10
    result.attrs = {}
    pd.testing.assert_frame_equal(result, adoption(table.dropna(subset="user"), by="plan"))
    with pytest.raises(csm.MissingColumnError, match="no column 'eligible'"):
        adoption(make(table[["user", "feature"]]))


def test_where_no_feature_is_used_none_is_available() -> None:
    table = pd.DataFrame(
        {"user": [1, 2], "feature": [None, None], "ok": True, "day": pd.to_datetime(["2026-01-05"] * 2)}
    )
    whole = adoption(table, eligible="ok").iloc[0]
    assert whole.tolist() == [0, 2, 0, 0]
    for options in ({}, {"time": "day", "freq": "D"}):
        assert adoption(table, eligible="ok", by="feature", **options).empty
