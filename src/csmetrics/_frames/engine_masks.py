"""Masks in an engine: a user's periods as bits of whole numbers, for which narwhals has no words.

A user's periods are put together by a bitwise or, and users with some of the bits are counted. A word holds 62 periods,
so that no engine's signed numbers overflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from csmetrics._frames.bits import Adapter, Bits, Sql, adapter
from csmetrics._frames.engines import narwhals

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
    engine, most = adapter(frame), None if len(asked.words) == 1 else WORD
    if engine is None:
        return None
    columns = {word: Bits(PERIOD, first, most, flag) for word, (first, flag) in asked.words.items()}
    each = list(dict.fromkeys((user, *by)))  # `by` may hold the column of users
    users = engine.grouped(frame.to_native(), each, columns)
    if isinstance(engine, Sql):
        counted = _sql(engine, users, list(by), asked)
    else:
        counted = (_polars if frame.implementation.is_polars() else _ibis)(engine, users, list(by), asked)
    return narwhals().from_native(counted).lazy()


def _sql(engine: Sql, users: Any, keys: list[str], asked: Question) -> Any:
    def some(conditions: Sequence[tuple[str, int]]) -> str:
        if len(conditions) == 1 and conditions[0][1].bit_count() == 1:
            word, bits = conditions[0]
            return f"sum({engine.right.format(engine.name(word), bits.bit_length() - 1)} & 1)"
        every = " AND ".join(f"({engine.name(word)} & {bits}) <> 0" for word, bits in conditions)
        return f"sum(CASE WHEN {every} THEN 1 ELSE 0 END)"

    if asked.starts:
        cases = ""
        for word in asked.starts:
            name, first = engine.name(word), asked.words[word][0]
            cases += f" WHEN {name} <> 0 THEN CAST(bit_count(({name} - 1) & ~{name}) AS BIGINT) + {first}"
        users = engine.select(users, ["*", *engine.named({COHORT: f"CASE{cases} END"})])
        keys.append(COHORT)
        if asked.aged:
            moved = {word: engine.right.format(engine.name(word), engine.name(COHORT)) for word in asked.aged}
            kept = [engine.name(name) for name in (*keys, *asked.words) if name not in moved]
            users = engine.select(users, [*kept, *engine.named(moved)])
    counts = {SIZE: "count(*)", **{name: some(what) for name, what in asked.sums.items()}}
    return engine.aggregate(users, keys, counts)


def _polars(engine: Adapter, users: Any, keys: list[str], asked: Question) -> Any:
    import polars as pl

    def some(conditions: Sequence[tuple[str, int]]) -> Any:
        return pl.all_horizontal(*((pl.col(word) & bits) != 0 for word, bits in conditions)).cast(pl.Int64).sum()

    if asked.starts:
        firsts = [
            pl.when(pl.col(word) != 0).then(pl.col(word).bitwise_trailing_zeros().cast(pl.Int64) + asked.words[word][0])
            for word in asked.starts
        ]
        users = users.with_columns(pl.coalesce(*firsts).alias(COHORT))
        users = users.with_columns(pl.col(word) // pl.lit(2, pl.UInt64).pow(pl.col(COHORT)) for word in asked.aged)
        keys.append(COHORT)
    counts = {SIZE: pl.len().cast(pl.Int64), **{name: some(what) for name, what in asked.sums.items()}}
    return engine.aggregate(users, keys, counts)


def _ibis(engine: Adapter, users: Any, keys: list[str], asked: Question) -> Any:
    import ibis

    def lowest(word: Any) -> Any:
        """Return the lowest bit's place: the sum of its digits."""
        low = word & -word
        digits = [sum(1 << bit for bit in range(WORD + 1) if bit >> place & 1) for place in range(WORD.bit_length())]
        return sum(ibis.ifelse((low & those) != 0, 1 << place, 0) for place, those in enumerate(digits))

    if asked.starts:
        firsts = [(users[word] != 0, lowest(users[word]) + asked.words[word][0]) for word in asked.starts]
        users = users.mutate(**{COHORT: ibis.cases(*firsts)})
        users = users.mutate(**{word: users[word] >> users[COHORT] for word in asked.aged})
        keys.append(COHORT)
    counts = {SIZE: users.count()}
    for name, conditions in asked.sums.items():
        counts[name] = users.count(where=ibis.and_(*((users[word] & bits) != 0 for word, bits in conditions)))
    return engine.aggregate(users, keys, counts)
