"""Masks in an engine: a user's periods as bits of whole numbers, for which narwhals has no words.

Each engine has a small adapter that puts a user's periods together by a bitwise or, and counts users with some bits. A
word holds 62 periods, so that no engine's signed numbers overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from csmetrics._frames.engines import narwhals, quoted

WORD = 62  # periods in a whole number
PERIOD, COHORT, SIZE = "csm:period", "csm:cohort", "csm:size"


@dataclass(frozen=True)
class Question:
    """What is to be counted.

    Attributes
    ----------
    words
        For each word its first period, and the column that is 1 for the rows that count in it; None for all rows.
    starts
        The words in which a user's first period, its cohort, is looked for; none where users are not counted by cohort.
    aged
        Whether the words are moved before they are counted, so that bit 0 is the cohort; there is one word then.
    sums
        For each column of the answer, words and bits: it counts the users that have one of the bits in each of the
        words.
    """

    words: Mapping[str, tuple[int, str | None]]
    starts: Sequence[str] = ()
    aged: Sequence[str] = ()
    sums: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)


def count_users(frame: Any, user: str, by: Sequence[str], asked: Question) -> Any:
    """Count users by group and cohort in the engine; None if it has no adapter.

    Parameters
    ----------
    frame
        A LazyFrame with the periods in the column ``csm:period``, from 0 on; rows where it is missing do not count.
    user, by
        The columns of users and of groups.
    asked
        What is to be counted.

    Returns
    -------
    LazyFrame or None
        The groups, ``csm:cohort`` (null for users without a start), ``csm:size``: the users, and the sums.
    """
    adapter = _adapter(frame)
    if adapter is None:
        return None
    each = tuple(dict.fromkeys((user, *by)))  # `by` may hold the column of users
    return narwhals().from_native(adapter(frame.to_native(), each, by, asked)).lazy()


def counts_users(frame: Any) -> bool:
    """Check whether there is an adapter for the engine of a frame."""
    return _adapter(frame) is not None


def _adapter(frame: Any) -> Callable[..., Any] | None:
    kind = frame.implementation
    known = ((kind.is_polars, _polars), (kind.is_duckdb, _duckdb), (kind.is_pyspark, _spark), (kind.is_ibis, _ibis))
    return next((adapter for is_it, adapter in known if is_it()), None)


def _polars(frame: Any, each: Sequence[str], by: Sequence[str], asked: Question) -> Any:
    import polars as pl

    def marks(first: int, flag: str | None) -> Any:
        place = pl.col(PERIOD) - first
        here = [] if len(asked.words) == 1 else [place.is_between(0, WORD - 1)]
        here += [] if flag is None else [pl.col(flag) == 1]
        bit = pl.lit(2, pl.Int64).pow((place.clip(0, WORD - 1) if here else place).cast(pl.UInt32))
        return (pl.when(*here).then(bit).otherwise(pl.lit(0, pl.Int64)) if here else bit).bitwise_or()

    def some(conditions: Sequence[tuple[str, int]]) -> Any:
        return pl.all_horizontal(*((pl.col(word) & bits) != 0 for word, bits in conditions)).cast(pl.Int64).sum()

    users = frame.group_by(*each).agg(**{word: marks(*where) for word, where in asked.words.items()})
    keys = list(by)
    if asked.starts:
        firsts = [
            pl.when(pl.col(word) != 0).then(pl.col(word).bitwise_trailing_zeros().cast(pl.Int64) + asked.words[word][0])
            for word in asked.starts
        ]
        users = users.with_columns(pl.coalesce(*firsts).alias(COHORT))
        users = users.with_columns(pl.col(word) // pl.lit(2, pl.Int64).pow(pl.col(COHORT)) for word in asked.aged)
        keys.append(COHORT)
    counts = [pl.len().cast(pl.Int64).alias(SIZE), *(some(what).alias(name) for name, what in asked.sums.items())]
    return users.group_by(*keys).agg(*counts) if keys else users.select(*counts)


class _Sql:
    """The same question in SQL, in which engines differ by their quotes and shifts."""

    def __init__(self, quote: str, left: str, right: str) -> None:
        self.quote, self.left, self.right = quote, left, right

    def name(self, column: str) -> str:
        return quoted(column, self.quote)

    def named(self, expressions: Mapping[str, str]) -> list[str]:
        return [f"{expression} AS {self.name(alias)}" for alias, expression in expressions.items()]

    def marks(self, asked: Question) -> list[str]:
        """Return the words, as aggregates of a user's rows."""
        out, period = {}, self.name(PERIOD)
        for word, (first, flag) in asked.words.items():
            here = [] if len(asked.words) == 1 else [f"{period} BETWEEN {first} AND {first + WORD - 1}"]
            here += [] if flag is None else [f"{self.name(flag)} = 1"]
            bit = self.left.format(f"{period} - {first}")
            out[word] = f"bit_or(CASE WHEN {' AND '.join(here)} THEN {bit} ELSE 0 END)" if here else f"bit_or({bit})"
        return self.named(out)

    def cohort(self, asked: Question) -> str:
        """Return the first period in the words of the starts."""
        cases = ""
        for word in asked.starts:
            name, first = self.name(word), asked.words[word][0]
            cases += f" WHEN {name} <> 0 THEN CAST(bit_count(({name} & -{name}) - 1) AS BIGINT) + {first}"
        return f"CASE{cases} END AS {self.name(COHORT)}"

    def aged(self, asked: Question) -> list[str]:
        """Return the words, moved to ages."""
        names = {word: self.name(word) for word in asked.words}
        return self.named(
            {
                word: self.right.format(name, self.name(COHORT)) if word in asked.aged else name
                for word, name in names.items()
            }
        )

    def counts(self, asked: Question) -> list[str]:
        """Return the users and the sums, as aggregates of a group's users."""
        return self.named({SIZE: "count(*)", **{name: self.some(what) for name, what in asked.sums.items()}})

    def some(self, conditions: Sequence[tuple[str, int]]) -> str:
        """Return the number of users with one of the bits in each of the words."""
        if len(conditions) == 1 and conditions[0][1].bit_count() == 1:
            word, bits = conditions[0]
            return f"sum({self.right.format(self.name(word), bits.bit_length() - 1)} & 1)"
        every = " AND ".join(f"({self.name(word)} & {bits}) <> 0" for word, bits in conditions)
        return f"sum(CASE WHEN {every} THEN 1 ELSE 0 END)"


def _duckdb(relation: Any, each: Sequence[str], by: Sequence[str], asked: Question) -> Any:
    sql = _Sql('"', "(1::BIGINT << ({})::BIGINT)", "({} >> {})")
    names, keys = list(map(sql.name, each)), list(map(sql.name, by))
    users = relation.aggregate(", ".join([*names, *sql.marks(asked)]), ", ".join(names))
    if asked.starts:
        users = users.project(f"*, {sql.cohort(asked)}")
        keys.append(sql.name(COHORT))
        if asked.aged:
            users = users.project(", ".join([*keys, *sql.aged(asked)]))
    return users.aggregate(", ".join([*keys, *sql.counts(asked)]), ", ".join(keys))


def _spark(frame: Any, each: Sequence[str], by: Sequence[str], asked: Question) -> Any:
    from pyspark.sql import functions as f

    sql = _Sql("`", "shiftleft(1L, CAST({} AS INT))", "shiftright({}, CAST({} AS INT))")
    keys = list(map(sql.name, by))
    users = frame.groupBy(*map(sql.name, each)).agg(*map(f.expr, sql.marks(asked)))
    if asked.starts:
        users = users.selectExpr("*", sql.cohort(asked))
        keys.append(sql.name(COHORT))
        if asked.aged:
            users = users.selectExpr(*keys, *sql.aged(asked))
    return users.groupBy(*keys).agg(*map(f.expr, sql.counts(asked)))


def _ibis(table: Any, each: Sequence[str], by: Sequence[str], asked: Question) -> Any:
    import ibis

    def here(word: str) -> Any:
        first, flag = asked.words[word]
        there = table[PERIOD].notnull()
        within = there if len(asked.words) == 1 else (table[PERIOD] >= first) & (table[PERIOD] < first + WORD)
        return within if flag is None else within & (table[flag] == 1)

    def marks(word: str) -> Any:
        place = ibis.ifelse(here(word), table[PERIOD] - asked.words[word][0], 0)
        return ibis.ifelse(here(word), ibis.literal(1, "int64") << place, 0).bit_or()

    columns = {word: marks(word) for word in asked.words}
    keys = list(by)
    if asked.starts:
        began = here(asked.starts[0])
        for word in asked.starts[1:]:
            began = began | here(word)
        columns[COHORT] = table[PERIOD].min(where=began)
        keys.append(COHORT)
    users = table.group_by(*each).aggregate(**columns)
    users = users.mutate(**{word: users[word] >> users[COHORT] for word in asked.aged})
    counts = {SIZE: users.count()}
    for name, conditions in asked.sums.items():
        every = [(users[word] & bits) != 0 for word, bits in conditions]
        counts[name] = users.count(where=ibis.and_(*every))
    return users.group_by(*keys).aggregate(**counts) if keys else users.aggregate(**counts)
