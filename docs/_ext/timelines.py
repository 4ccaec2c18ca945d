"""Drawings of raw rows, made from the same rows as the code beside them.

A page calls a function of this module with the names of its own examples, which are run first. What a drawing shows for
one customer comes from the library, with ``by=``. All customers together must add up to the frame beside the drawing.
"""

from __future__ import annotations

import contextlib
import doctest
import io
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

import pandas as pd

import csmetrics as csm

WIDTH, LEFT, RIGHT, TOP = 760, 52, 748, 30
MOVES = {  # column: its word in the drawing, its sign, and whether it is good news
    "new_mrr": ("new", "+", "good"),
    "reactivation_mrr": ("reactivated", "+", "good"),
    "expansion_mrr": ("expansion", "+", "good"),
    "contraction_mrr": ("contraction", "−", "bad"),
    "churned_mrr": ("lost", "−", "bad"),
}
STAGES = {"new_users": "good", "returning": "plain", "resurrected": "good", "dormant": "bad"}


class Drawing:
    """An SVG that takes its colours from the page and describes in words what it shows."""

    def __init__(self, height: float) -> None:
        self.height, self.parts, self.words = height, [], []

    def say(self, text: str) -> None:
        self.words.append(text)

    def text(self, x: float, y: float, text: object, kind: str = "plain", anchor: str = "middle") -> None:
        self._add("text", str(text), kind, x=x, y=y, text_anchor=anchor)

    def line(self, x: float, y: float, to_x: float, to_y: float, kind: str = "edge") -> None:
        self._add("line", "", kind, x1=x, y1=y, x2=to_x, y2=to_y)

    def box(self, x: float, y: float, width: float, height: float, kind: str, round: float = 3) -> None:
        self._add("rect", "", kind, x=x, y=y, width=max(width, 0), height=height, rx=round)

    def dot(self, x: float, y: float, kind: str = "dot", radius: float = 5) -> None:
        self._add("circle", "", kind, cx=x, cy=y, r=radius)

    def arrow(self, x: float, y: float, kind: str) -> None:
        self._add("path", "", kind, d=f"M{x:.1f} {y - 8:.1f}l9 8l-9 8z")

    def _add(self, tag: str, inside: str, kind: str, **given: object) -> None:
        values = {k.replace("_", "-"): f"{v:.1f}" if isinstance(v, (int, float)) else v for k, v in given.items()}
        attributes = "".join(f' {k}="{escape(str(v))}"' for k, v in values.items())
        self.parts.append(f'<{tag} class="{kind}"{attributes}>{escape(inside)}</{tag}>')

    def svg(self) -> str:
        label = escape(" ".join(self.words))
        head = f'<svg role="img" viewBox="0 0 {WIDTH} {self.height:.0f}" aria-label="{label}">'
        return "\n".join([head, *self.parts, "</svg>"])


class Timeline(Drawing):
    """One lane per name under a shared time axis; the time after the end of the data is shaded."""

    def __init__(self, lanes: dict[Any, float], first: Any, last: Any, stop: Any, foot: float = 0) -> None:
        super().__init__(TOP + sum(lanes.values()) + foot + 20)
        self.first, self.last, self.stop = first, last, stop
        self.bottom = self.height - 18
        if stop < last:
            self.box(self.at(stop), TOP - 6, RIGHT - self.at(stop), self.bottom - TOP + 6, "unknown", 0)
        self.top, y = {}, TOP
        for name, height in lanes.items():
            self.top[name] = y
            self.line(0, y + height, RIGHT, y + height, "lane")
            y += height
        self.foot = y
        for name, height in lanes.items():
            self.text(0, self.top[name] + min(height / 2, 16) + 4, name, "name", "start")

    def at(self, instant: Any) -> float:
        return LEFT + (pd.Timestamp(instant) - self.first) / (self.last - self.first) * (RIGHT - LEFT)

    def between(self, begin: Any, end: Any) -> float:
        return (self.at(begin) + self.at(min(end, self.last))) / 2

    def edges(self, instants: Sequence[Any], names: Sequence[str], *, lines: bool = True) -> None:
        """Draw a line where two periods meet, and the name of each period between its lines."""
        for instant in instants:
            if lines and instant <= self.last:
                self.line(self.at(instant), TOP - 6, self.at(instant), self.bottom)
        for begin, end, name in zip(instants[:-1], instants[1:], names, strict=True):
            self.text(self.between(begin, end), 14, name, "head")

    def end_of_data(self, text: str) -> None:
        self.line(self.at(self.stop), TOP - 6, self.at(self.stop), self.bottom, "stop")
        self.text(min(self.at(self.stop), WIDTH - 42), self.height - 4, text, "small")


def day(instant: Any) -> str:
    """Write a date as 5 Apr."""
    return f"{pd.Timestamp(instant).day} {pd.Timestamp(instant):%b}"


def month(period: pd.Period) -> str:
    """Write a month as its name."""
    return period.strftime("%B")


def after(as_of: str) -> pd.Timestamp:
    """Return the instant at which the day has ended."""
    return pd.Timestamp(as_of) + pd.Timedelta(days=1)


def months(first: Any, last: Any) -> tuple[list[pd.Timestamp], list[str]]:
    """Return the edges of the months from the first date to the last, and the months' names."""
    periods = pd.period_range(first, last, freq="M")
    return [*(p.start_time for p in periods), (periods[-1] + 1).start_time], [month(p) for p in periods]


# ---------------------------------------------------------------------------------------------------------- movements


def subscriptions(ledger: pd.DataFrame, moves: pd.DataFrame, as_of: str, span: int = 1) -> Timeline:
    """Draw subscription rows as bars; below them the MRR at each opening and closing, and the label in between."""
    rows = ledger.assign(start=pd.to_datetime(ledger["start"]), end=pd.to_datetime(ledger["end"]))
    stop, names = after(as_of), list(dict.fromkeys(ledger["customer"]))
    edges, heads = months(rows["start"].min(), stop)
    tracks = {name: _tracks(rows[rows["customer"] == name]) for name in names}
    last = min(edges[-1], stop + pd.Timedelta(days=9))
    out = Timeline({n: 22 * (1 + max(tracks[n])) + 24 for n in names}, edges[0], last, stop, 22)
    label = moves.index[-1]
    if span == 1:
        out.edges(edges, heads)
    else:
        whole = [(label - span + 1).start_time, (label + 1).start_time]
        out.edges(whole, [f"{month(label)}, with the {span - 1} months before it"])
    for name in names:
        spells = []
        for track, row in zip(tracks[name], rows[rows["customer"] == name].itertuples(), strict=True):
            y, x = out.top[name] + 5 + 22 * track, out.at(row.start)
            runs = pd.isna(row.end)
            to = out.at(stop if runs else row.end)
            out.box(x, y, to - x, 16, "bar")
            if runs:
                out.arrow(to, y + 8, "bar")
            out.text((x + to) / 2, y + 12.5, row.mrr, "on-bar")
            spells.append(f"{row.mrr} from {day(row.start)}" + ("" if runs else f" until {day(row.end)}"))
        out.say(f"{name}: {', '.join(spells)}.")
    out.end_of_data(f"as_of: {day(as_of)}")
    per_customer = csm.cohorts.movements_from_subscriptions(ledger, as_of=as_of, by="customer", span=span)
    _labels(out, per_customer, moves, span)
    return out


def snapshots(snaps: pd.DataFrame, moves: pd.DataFrame) -> Timeline:
    """Draw amounts as points; below them the MRR at each opening and closing, and the label in between."""
    rows = snaps.assign(date=pd.to_datetime(snaps["date"]))
    names = list(dict.fromkeys(snaps["customer"]))
    edges, heads = months(rows["date"].min(), rows["date"].max())
    out = Timeline(dict.fromkeys(names, 46), edges[0], edges[-1], edges[-1], 22)
    out.edges(edges, heads)
    for name in names:
        mine = rows[rows["customer"] == name]
        for row in mine.itertuples():
            x, y = out.at(row.date), out.top[name] + 13
            out.dot(x, y)
            out.text(x - 9, y + 4, row.mrr, "plain", "end")
        out.say(f"{name}: " + ", ".join(f"{row.mrr} on {day(row.date)}" for row in mine.itertuples()) + ".")
    _labels(out, csm.cohorts.movements_from_snapshots(snaps, by="customer"), moves, 1)
    return out


def _tracks(rows: pd.DataFrame) -> list[int]:
    """Assign rows that are live at the same time to different tracks."""
    ends: list[Any] = []
    tracks = []
    for row in rows.itertuples():
        track = next((i for i, end in enumerate(ends) if end is not pd.NaT and end <= row.start), len(ends))
        ends[track : track + 1] = [row.end]
        tracks.append(track)
    return tracks


def _labels(out: Timeline, each: pd.DataFrame, moves: pd.DataFrame, span: int) -> None:
    """Write each customer's MRR at the edges and its one label between them, and check that they add up."""
    added = each.groupby(level="period").sum()
    if not added[moves.columns].equals(moves):
        raise ValueError(f"the customers' labels do not add up to the frame:\n{added}\n{moves}")
    for period in moves.index if span == 1 else moves.index[-1:]:
        opening, closing = out.at((period - span + 1).start_time), out.at((period + 1).start_time)
        for name, row in each.loc[period].iterrows():
            y = out.foot - 7 if name not in out.top else _below(out, name)
            found = next((column for column in MOVES if row[column]), None)
            text, kind = "same" if row["end_mrr"] else "", "muted"
            if found is not None:
                word, sign, kind = MOVES[found]
                text = f"{word} {sign}{row[found]}"
                out.say(f"{name} in {month(period)}: {text}.")
            out.text((opening + closing) / 2, y, text, kind)
            for x, column in ((opening, "start_mrr"), (closing, "end_mrr")):
                _pill(out, x, y, row[column])
        total = moves.loc[period]
        out.text((opening + closing) / 2, out.foot + 15, f"{total['start']} → {total['end']} customers", "muted")
        for x, column in ((opening, "start_mrr"), (closing, "end_mrr")):
            _pill(out, x, out.foot + 15, total[column])
    out.text(0, out.foot + 15, "sum", "name", "start")


def _below(out: Timeline, name: Any) -> float:
    """Return the baseline of the last line of text in a lane."""
    tops = [*sorted(out.top.values()), out.foot]
    return tops[tops.index(out.top[name]) + 1] - 8


def _pill(out: Drawing, x: float, y: float, value: object) -> None:
    width = 8 + 7 * len(str(value))
    x = min(max(x, LEFT - 12), RIGHT - width / 2)
    out.box(x - width / 2, y - 11, width, 14, "pill", 7)
    out.text(x, y, value, "state")


# ------------------------------------------------------------------------------------------------------------- events


def retained(events: pd.DataFrame, grid: csm.cohorts.RetentionGrid, as_of: str, window: str = "calendar") -> Timeline:
    """Draw events as points, with the ages by calendar month or by each user's own windows of 30 days."""
    own = csm.cohorts.retention(events, as_of=as_of, window=window, by="user")
    if not own.sizes.groupby(level="cohort").sum().equals(grid.sizes):
        raise ValueError("the users do not add up to the cohorts")
    out, rows, edges, heads = _events(events, as_of)
    for name in out.top:
        cohort = own.sizes.xs(name, level="user").idxmax()
        counts, states = (table.loc[(cohort, name)] for table in (own.counts, own.state))
        began = rows.loc[rows["user"] == name, "time"].min()
        said = []
        for age, count in counts.items():
            if window == "calendar":
                low, high = (cohort + age).start_time, (cohort + age + 1).start_time
            else:
                low, high = (began + pd.Timedelta(days=30 * k) for k in (age, age + 1))
                if low < out.stop:
                    out.line(out.at(low), out.top[name], out.at(low), out.top[name] + 44, "tick")
            x = out.between(low, high)
            if states[age] == "in progress":
                out.text(out.between(low, out.stop), out.top[name] + 38, "in progress", "muted")
            elif states[age] == "observed":
                there = count > 0
                out.text(
                    x, out.top[name] + 38, f"age {age}" if there else f"not at {age}", "good" if there else "muted"
                )
                said += [str(age)] if there else []
        out.say(f"{name} is there at age {' and '.join(said)}.")
    out.edges(edges, heads, lines=window == "calendar")
    out.end_of_data(f"as_of: {day(as_of)}")
    return out


def stages(events: pd.DataFrame, frame: pd.DataFrame, as_of: str) -> Timeline:
    """Draw events as points, and write the user's stage below each complete month."""
    each = csm.cohorts.lifecycle(events, as_of=as_of, by="user")
    if not each.groupby(level="period").sum().equals(frame):
        raise ValueError("the users do not add up to the frame")
    out, _, edges, heads = _events(events, as_of)
    for (period, name), row in each.iterrows():
        x = out.between(period.start_time, (period + 1).start_time)
        for column, kind in STAGES.items():
            if row[column]:
                word = column.removesuffix("_users")
                out.text(x, out.top[name] + 38, word, kind)
                out.say(f"{name} in {month(period)}: {word}.")
    out.edges(edges, heads)
    out.end_of_data(f"as_of: {day(as_of)}")
    return out


def _events(events: pd.DataFrame, as_of: str) -> tuple[Timeline, pd.DataFrame, Any, Any]:
    rows = events.assign(time=pd.to_datetime(events["time"]))
    edges, heads = months(rows["time"].min(), as_of)
    names = list(dict.fromkeys(rows["user"]))
    out = Timeline(dict.fromkeys(names, 46), edges[0], edges[-1], after(as_of))
    for name in names:
        times = rows.loc[rows["user"] == name, "time"].sort_values()
        for place, instant in enumerate(times):
            out.dot(out.at(instant), out.top[name] + 14, "dot first" if place == 0 else "dot")
        out.say(f"{name} comes on {', '.join(map(day, times))}.")
    return out, rows, edges, heads


def triangle(grid: csm.cohorts.RetentionGrid) -> Drawing:
    """Draw a retention grid: percentages in observed cells, words in the others."""
    rates, states = grid.rates(), grid.state
    out = Drawing(24 + 30 * len(rates))
    left, wide = 150, min(130, (WIDTH - 150) / len(rates.columns))
    out.text(0, 14, "cohort", "head", "start")
    out.text(120, 14, "size", "head", "end")
    for i, age in enumerate(rates.columns):
        out.text(left + wide * (i + 0.5), 14, f"age {age}", "head")
    for j, cohort in enumerate(rates.index):
        y = 24 + 30 * j
        out.text(0, y + 19, month(cohort), "name", "start")
        out.text(120, y + 19, grid.sizes[cohort], "plain", "end")
        for i, age in enumerate(rates.columns):
            state = states.loc[cohort, age]
            kind = {"observed": "cell", "in progress": "cell running", "future": "cell future"}[state]
            out.box(left + wide * i + 1.5, y + 1.5, wide - 3, 27, kind)
            rate = rates.loc[cohort, age]
            shown = state if state != "observed" else "no base" if pd.isna(rate) else f"{rate:.0f} %"
            out.text(left + wide * (i + 0.5), y + 19, shown, "plain" if state == "observed" else "muted")
            if state != "future":
                out.say(f"{month(cohort)}, age {age}: {shown}.")
    return out


def trailing(visits: pd.DataFrame, frame: pd.DataFrame) -> Timeline:
    """Draw the days on which users came, and the windows that end with the last day."""
    rows = visits.assign(time=pd.to_datetime(visits["time"]))
    names, last = list(dict.fromkeys(rows["user"])), frame.index[-1]
    first = frame.index[0].start_time
    windows = {"dau": 1, "wau": 7, "mau": 28}
    if csm.cohorts.active_users(visits).loc[last].to_dict() != frame.loc[last].to_dict():
        raise ValueError("the windows drawn are not those of the frame")
    out = Timeline(dict.fromkeys(names, 26), first, (last + 1).start_time, (last + 1).start_time, 22 * len(windows) + 4)
    step = pd.Timedelta(days=1)
    for number, d in enumerate(frame.index):
        if number % 5 == 0 or d == last:
            out.text(out.at(d.start_time + step / 2), 14, day(d.start_time), "head")
    for name in names:
        times = rows.loc[rows["user"] == name, "time"]
        for instant in times:
            out.dot(out.at(instant.normalize() + step / 2), out.top[name] + 13)
        out.say(f"{name} comes on {', '.join(map(day, times))}.")
    for place, (column, days) in enumerate(windows.items()):
        y = out.foot + 6 + 22 * place
        begin = (last - days + 1).start_time
        out.box(out.at(begin), y, RIGHT - out.at(begin), 15, "window")
        count = frame.loc[last, column]
        text = f"{column}: {days} day{'s' * (days > 1)}, {count} users"
        if days > 5:
            out.text((out.at(begin) + RIGHT) / 2, y + 12, text)
        else:
            out.text(out.at(begin) - 6, y + 12, text, anchor="end")
        out.say(f"{text} at the end.")
    return out


# ------------------------------------------------------------------------- answers, tickets, onboarding and adoption


def scale(answers: pd.DataFrame, counts: pd.DataFrame) -> Drawing:
    """Draw answers on the scale of 0 to 10, with the class that each score counts as."""
    classes = (
        csm.cohorts.survey(pd.DataFrame({"score": range(11)}), by="score").drop(columns="responses").idxmax(axis=1)
    )
    stacks = {score: list(rows["customer"]) for score, rows in answers.groupby("score")}
    silent = list(answers.loc[answers["score"].isna(), "customer"])
    if counts.sum()["responses"] != sum(map(len, stacks.values())):
        raise ValueError("the answers drawn are not those of the frame")
    wide, base = 56, 10 + 24 * max(map(len, [*stacks.values(), silent]))
    out = Drawing(base + 50)
    for name, scores in classes.groupby(classes).groups.items():
        left, right = wide * scores[0] + 2, wide * (scores[-1] + 1) - 2
        out.box(left, base + 4, right - left, 20, "cell")
        kind = {"promoters": "good", "detractors": "bad"}.get(name, "plain")
        out.text((left + right) / 2, base + 42, name, kind)
    for score in classes.index:
        out.text(wide * (score + 0.5), base + 18, score)
        for place, customer in enumerate(stacks.get(score, [])):
            out.text(wide * (score + 0.5), base - 24 * place - 16, customer, "small")
            out.dot(wide * (score + 0.5), base - 24 * place - 6)
            out.say(f"{customer} answers {score}: {classes[score]}.")
    x = wide * len(classes) + 60
    out.text(x, base + 18, "no answer", "muted")
    for place, customer in enumerate(silent):
        out.text(x, base - 24 * place - 6, customer, "muted")
        out.say(f"{customer} does not answer.")
    return out


def waits(cases: pd.DataFrame, totals: pd.DataFrame) -> Timeline:
    """Draw tickets: the wait for the first answer, the work until they are solved, and what each adds to the totals."""
    each = csm.cohorts.tickets(cases, by="customer")
    if not each.sum().equals(totals.sum()):
        raise ValueError("the tickets do not add up to the frame")
    rows = cases.assign(**{c: pd.to_datetime(cases[c]) for c in ("created", "first_response", "resolved")})
    first = rows["created"].min().floor("6h")
    stop = rows[["created", "first_response", "resolved"]].max().max() + pd.Timedelta(hours=3)
    out = Timeline(dict.fromkeys(rows["customer"], 46), first, stop, stop)
    for d in pd.date_range(first, stop, freq="6h"):
        out.line(out.at(d), TOP - 6, out.at(d), out.bottom, "lane")
        out.text(out.at(d), 14, f"{day(d)}, {d:%H:%M}" if d == first or d.hour == 0 else f"{d:%H:%M}", "head")
    for row in rows.itertuples():
        y, open_ = out.top[row.customer] + 6, pd.isna(row.resolved)
        begin, answered, end = (out.at(t) for t in (row.created, row.first_response, stop if open_ else row.resolved))
        out.box(begin, y, answered - begin, 16, "cell", 0)
        out.box(answered, y, end - answered, 16, "bar", 0)
        if open_:
            out.arrow(end, y + 8, "bar")
        numbers = each.loc[row.customer]
        said = [f"answered after {numbers['response_time']:g} h"]
        said += ["open" if open_ else f"solved after {numbers['resolution_time_sum']:g} h"]
        said += [f"{row.contacts} contact{'s' * (row.contacts != 1)}"] + ["reopened"] * bool(row.reopened)
        settled = bool(numbers["resolved_first_contact"])
        said += ["settled at the first contact"] * settled
        x, anchor = (begin, "start") if begin < 420 else (RIGHT - 4, "end")
        out.text(x, y + 31, ", ".join(said), "good" if settled else "muted", anchor)
        out.say(f"{row.customer}: {', '.join(said)}.")
    return out


def journeys(customers: pd.DataFrame, frame: pd.DataFrame, as_of: str) -> Timeline:
    """Draw each customer's path from the start to completion and to first value, or to the end of the data."""
    each = csm.cohorts.onboarding(customers, as_of=as_of, by="customer")
    counts = ["started", "completed", "reached"]
    if not each[counts].sum().equals(frame[counts].sum()):
        raise ValueError("the customers do not add up to the frame")
    rows = customers.assign(**{c: pd.to_datetime(customers[c]) for c in ("started", "completed", "value")})
    stop, first = after(as_of), rows["started"].min() - pd.Timedelta(days=1)
    out = Timeline(dict.fromkeys(rows["customer"], 46), first, stop + pd.Timedelta(days=2), stop)
    for d in pd.date_range(first + pd.Timedelta(days=1), stop, freq="5D"):
        out.line(out.at(d), TOP - 6, out.at(d), out.bottom, "lane")
        out.text(out.at(d), 14, day(d), "head")
    for row in rows.itertuples():
        y, there = out.top[row.customer] + 14, not pd.isna(row.value)
        begin, end = out.at(row.started), out.at(row.value if there else stop)
        out.box(begin, y - 3, end - begin, 6, "bar" if there else "cell", 0)
        out.line(begin, y - 8, begin, y + 8, "tick")
        if not pd.isna(row.completed):
            out.dot(out.at(row.completed), y, "dot first")
        if there:
            out.dot(end, y, radius=7)
            text = f"value after {(row.value - row.started).days} days"
        else:
            text = f"not there after {(stop - row.started).days} days"
        out.text((begin + end) / 2, y + 24, text, "good" if there else "muted")
        done = "onboarding not completed" if pd.isna(row.completed) else f"completed on {day(row.completed)}"
        out.say(f"{row.customer} starts on {day(row.started)}; {done}; {text}.")
    out.end_of_data(f"as_of: {day(as_of)}")
    return out


def uses(events: pd.DataFrame, could: pd.DataFrame, frame: pd.DataFrame) -> Drawing:
    """Draw which user has used which feature, and which users could."""
    features, users = list(dict.fromkeys(events["feature"])), list(dict.fromkeys([*could["user"], *events["user"]]))
    pairs = set(events[["user", "feature"]].itertuples(index=False, name=None))
    counted = [pair for pair in pairs if pair[0] in set(could["user"])]
    if frame.sum()["features_used"] != len(counted):
        raise ValueError("the uses drawn are not those of the frame")
    left, wide = 90, 130
    out = Drawing(24 + 30 * len(users))
    for i, feature in enumerate(features):
        out.text(left + wide * (i + 0.5), 14, feature, "head")
    for j, user in enumerate(users):
        y, able = 24 + 30 * j, user in set(could["user"])
        out.text(0, y + 19, user, "name", "start")
        for i, feature in enumerate(features):
            out.box(left + wide * i + 1.5, y + 1.5, wide - 3, 27, "cell" if able else "cell future")
            if (user, feature) in pairs:
                out.dot(left + wide * (i + 0.5), y + 15, "dot" if able else "dot first")
        used = [feature for feature in features if (user, feature) in pairs]
        word = "adopter" if able and used else "could, and uses nothing" if able else "could not: does not count"
        out.text(left + wide * len(features) + 14, y + 19, word, "good" if able and used else "muted", "start")
        out.say(f"{user}: {' and '.join(used) or 'no feature'}; {word}.")
    return out


# ------------------------------------------------------------------------------------------------------------ a page


DRAWN = (subscriptions, snapshots, retained, triangle, trailing, stages, scale, waits, journeys, uses)
DRAWINGS = {function.__name__: function for function in DRAWN}


@cache
def examples(page: str) -> dict[str, Any]:
    """Run the examples of a page and return the variables that they define."""
    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(page):
        expected = contextlib.suppress(csm.CsmetricsError if example.exc_msg else ImportError, NameError)
        with contextlib.redirect_stdout(io.StringIO()), expected:
            exec(compile(example.source, "<page>", "single"), names)
    return names


def draw(call: str, page: str) -> Drawing:
    """Call a drawing function of this module with the variables of a page."""
    drawn: Drawing = eval(call, {**examples(page), **DRAWINGS})
    return drawn
