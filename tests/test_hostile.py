"""Hostile input to everything public: each call ends soon, with a result or one of the library's own errors."""

from __future__ import annotations

import inspect
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import csmetrics as csm
from csmetrics.core._registry import REGISTRY

from .drawn import drawn
from .hostile_inputs import COLUMNS, DOCUMENTS, FRAMES, SCALARS, VAST, WITH_EQ, WITH_LEN, HostileError, engine_frames

VALUES = {**SCALARS, **COLUMNS}
SIGNATURE = re.compile(r"argument|positional|one document")  # a TypeError for a call that nothing could answer
SECONDS = 5.0  # limit of computing for one call, which takes a fraction of a second
# pydantic 2.0 looks up attributes of its input, and lets through what that raises
OWN = {"getter", "bare", "bares"} if pydantic.VERSION.startswith("2.0") else set()
if pd.__version__ < "3":  # pandas 2 compares the labels of an index with each other
    OWN |= {"keys eq text"}

Call = Callable[[Any], Any]


def throw(name: str, call: Callable[[], Any], *allowed: type[Exception]) -> None:
    """Make a call; anything except a result or one of the library's errors fails."""
    began = time.process_time()
    try:
        call()
    except csm.CsmetricsError as error:
        assert len(str(error)) < 4000  # noqa: PT017 - what it says is looked at, not whether it comes
        json.dumps(error.as_dict())
    except allowed:
        pass
    except HostileError:
        assert name in OWN
    except TypeError as error:
        assert SIGNATURE.search(str(error)), name  # noqa: PT017
    assert time.process_time() - began < SECONDS, name


def valid(name: str) -> dict[str, Any]:
    return dict(csm.catalog[name].examples[0].inputs)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("spec", REGISTRY.values(), ids=lambda spec: spec.name)
def test_formulas(spec: Any) -> None:
    row = valid(spec.name)
    zeros = {name: 0 for name in row if name in spec.inputs}
    for argument in (*spec.inputs, *spec.options):
        for name, make in VALUES.items():
            throw(name, lambda: spec.function(**{**row, argument: make()}))  # noqa: B023 - called at once
            if argument == "undefined":
                throw(name, lambda: spec.function(**{**zeros, argument: make()}))  # noqa: B023


SOME = ("churn_rate", "nps_from_scores", "health_score", "median_ttv", "mrr")


def edge() -> Iterator[tuple[str, Call, tuple[type[Exception], ...]]]:
    """Yield the functions that take one value of any kind."""
    refused = pydantic.ValidationError
    health = csm.HealthScore(components={"a": {"weight": 1}, "b": {"weight": 2, "high": 10}})
    curve = csm.survival.kaplan_meier([1, 2], [1, 0])
    yield "catalog[]", lambda x: csm.catalog[x], (KeyError,)
    yield "in catalog", lambda x: x in csm.catalog, ()
    yield "find", csm.catalog.find, ()
    yield "find limit", lambda x: csm.catalog.find("churn", limit=x), ()
    yield "explain", csm.explain, ()
    yield "explain rival", lambda x: str(csm.explain("churn_rate", lost=1, start=2, new=x)), ()
    yield "cases", csm.testing.cases, ()
    yield "HealthScore", lambda x: csm.HealthScore(components=x), (refused,)
    yield "component", lambda x: csm.HealthScore(components={"a": x}), (refused,)
    yield "HealthScore.score", health.score, ()
    yield "durations", lambda x: csm.survival.kaplan_meier(x, [True, False]), ()
    yield "observed", lambda x: csm.survival.kaplan_meier([1, 2], x), ()
    yield "counts", lambda x: csm.survival.kaplan_meier([1, 2], [1, 0], counts=x), ()
    yield "Survival.at", curve.at, ()
    yield "over", csm.over, ()
    for argument in ("customers", "seed", "months", "end"):
        yield (
            f"make_saas {argument}",
            lambda x, a=argument: csm.datasets.make_saas(**{"customers": 9, "months": 2, a: x}),
            (),
        )
    for metric in SOME:
        spec, row = csm.catalog[metric], valid(metric)
        yield f"compute {metric}", spec.compute, ()
        for a in (*spec.inputs, *REGISTRY[metric].options):
            yield f"compute {metric} {a}", lambda x, s=spec, r=row, a=a: s.compute({**r, a: x}), ()
            yield f"Inputs {metric} {a}", lambda x, s=spec, r=row, a=a: s.Inputs(**{**r, a: x}), (refused,)
            yield f"explain {metric} {a}", partial(_explained, metric, row, a), ()


def _explained(metric: str, row: dict[str, Any], argument: str, value: Any) -> None:
    found = csm.explain(metric, **{**row, argument: value})
    str(found)
    found._repr_latex_()
    json.dumps(found.as_dict())


EDGE = {name: (call, allowed) for name, call, allowed in edge()}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("surface", EDGE)
def test_edges(surface: str) -> None:
    call, allowed = EDGE[surface]
    documents = DOCUMENTS if surface.startswith(("compute", "find", "catalog")) else {}
    for name, make in {**VALUES, **documents}.items():
        throw(name, lambda: call(make()), *allowed)  # noqa: B023


@pytest.mark.full
@pytest.mark.parametrize("name", VAST)
def test_large_input_takes_no_more_than_its_size(name: str) -> None:
    make = VAST[name]
    for call in (
        lambda x: csm.churn_rate(x, 7),
        csm.nps_from_scores,
        lambda x: csm.health_score(x, x),
        lambda x: csm.ttv(x, x),
        csm.catalog.find,
        csm.catalog["churn_rate"].compute,
        lambda x: csm.catalog["nps_from_scores"].compute({"scores": x}),
        lambda x: FRAMES["good"]().csm.churn_rate(lost=x),
    ):
        throw(name, partial(call, make()))


def frames() -> Iterator[tuple[str, Call]]:
    yield "repr", lambda f: repr(f.csm)
    yield "metrics", lambda f: f.csm.metrics()
    yield "churn", lambda f: f.csm.churn_rate()
    yield "total", lambda f: f.csm.total().metrics()
    yield "by plan", lambda f: f.csm.by("plan").churn_rate()
    yield "by lost", lambda f: f.csm.by("lost", "plan").metrics()
    yield "period", lambda f: f.csm.by("plan", period="lost").churn_rate()
    yield "explain", lambda f: str(f.csm.by("plan").explain("churn_rate", "a"))
    yield "explain row", lambda f: str(f.csm.explain("churn_rate", 0))
    yield "nps", lambda f: f.csm.by("plan").nps_from_scores(scores="lost")
    yield "health", lambda f: f.csm.health_score(scores=["lost", "start"], weights=[1, 2])
    yield "health of a frame", lambda f: csm.health_score(f, [1, 2, 3])
    yield "verify_frame", lambda f: str(csm.testing.verify_frame(f, "churn_rate", result="start"))
    for builder in BUILDERS:
        yield builder, BUILDERS[builder][0]


def _dated(**columns: Any) -> pd.DataFrame:
    dates = pd.to_datetime(["2026-01-01", "2026-02-03", "2026-03-01"])
    return pd.DataFrame({name: dates if value is None else value for name, value in columns.items()})


BUILDERS: dict[str, tuple[Any, pd.DataFrame]] = {
    "subscriptions": (
        csm.cohorts.movements_from_subscriptions,
        _dated(customer=[1, 2, 3], start=None, end=pd.NaT, mrr=[10, 20, 30]),
    ),
    "snapshots": (csm.cohorts.movements_from_snapshots, _dated(customer=[1, 2, 3], date=None, mrr=[10, 20, 30])),
    "retention": (csm.cohorts.retention, _dated(user=[1, 2, 3], time=None)),
    "active_users": (csm.cohorts.active_users, _dated(user=[1, 2, 3], time=None)),
    "lifecycle": (csm.cohorts.lifecycle, _dated(user=[1, 2, 3], time=None)),
    "adoption": (csm.cohorts.adoption, _dated(user=[1, 2, 3], feature=["a", "b", "a"], eligible=[5, 5, 5])),
    "survey": (csm.cohorts.survey, _dated(score=[1, 9, None])),
    "tickets": (csm.cohorts.tickets, _dated(created=None, resolved=None, reopened=[True, False, True])),
    "onboarding": (csm.cohorts.onboarding, _dated(started=None, completed=None)),
}
SURFACES = dict(frames())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("surface", SURFACES)
def test_frames(surface: str) -> None:
    for name, make in FRAMES.items():
        throw(name, lambda: SURFACES[surface](make()))  # noqa: B023


def test_frames_of_other_engines() -> None:
    for name, frame in engine_frames():
        for call in (
            lambda f: csm.over(f).metrics(),
            lambda f: csm.over(f).churn_rate(),
            lambda f: csm.over(f).by("plan").churn_rate(),
            lambda f: csm.over(f).total(period="lost").churn_rate(),
            lambda f: str(csm.over(f).by("plan").explain("churn_rate", "a")),
            lambda f: csm.testing.verify_frame(f, "churn_rate", result="plan"),
            csm.cohorts.survey,
            csm.cohorts.retention,
        ):
            throw(name, partial(call, frame))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("builder", BUILDERS)
def test_cohort_builders(builder: str) -> None:
    build, good = BUILDERS[builder]
    options = [p.name for p in inspect.signature(build).parameters.values() if p.kind is p.KEYWORD_ONLY]
    for name, make in VALUES.items():
        throw(name, lambda: build(make()))  # noqa: B023
        for option in options:
            throw(name, lambda: build(good, **{option: make()}))  # noqa: B023
    if builder == "retention":
        events = good.assign(kind=["a", "b", "a"])
        for name, make in VALUES.items():
            throw(name, lambda: build(events, event="kind", start_event=make()))  # noqa: B023


def named() -> Iterator[tuple[str, Call]]:
    good = FRAMES["good"]().csm
    yield "by", lambda x: good.by(x).metrics()
    yield "period", lambda x: good.total(period=x).churn_rate()
    yield "compute", good.compute
    yield "lost", lambda x: good.by("plan").compute("churn_rate", lost=x)
    yield "metrics", good.metrics
    yield "metrics lost", lambda x: good.metrics(lost=x)
    yield "group", lambda x: good.by("plan").explain("churn_rate", x)
    yield "explain", good.explain
    yield "scores", lambda x: good.health_score(scores=x, weights=[1])
    yield "weights", lambda x: good.health_score(scores=["lost", "start"], weights=x)
    for option in ("scale", "weights", "undefined"):
        yield f"s.csm {option}", lambda x, o=option: pd.Series([1, 2]).csm.nps(**{o: x})
    yield "verify", lambda x: csm.testing.verify(x, "churn_rate")
    yield "verify metric", lambda x: csm.testing.verify(len, x)
    yield "verify tolerance", lambda x: csm.testing.verify(lambda lost, start: 1, "churn_rate", tolerance=x)
    yield "verify names", lambda x: csm.testing.verify(lambda lost, start: 1, "churn_rate", lost=x)
    yield "verify_frame", lambda x: csm.testing.verify_frame(x, "churn_rate")
    yield "result", lambda x: csm.testing.verify_frame(FRAMES["good"](), "churn_rate", result=x)
    yield "frame lost", lambda x: str(csm.testing.verify_frame(FRAMES["good"](), "churn_rate", result="start", lost=x))


NAMED = dict(named())


@pytest.mark.sampled(3)
@pytest.mark.parametrize("surface", NAMED)
def test_names_and_options(surface: str) -> None:
    for name, make in VALUES.items():
        throw(name, lambda: NAMED[surface](make()))  # noqa: B023


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@drawn(60)
@given(junk, junk)
def test_junk(one: Any, other: Any) -> None:
    for call in (csm.churn_rate, csm.nps_from_scores, csm.health_score, csm.mrr, csm.ttv):
        throw("junk", lambda: call(one, other) if call is not csm.nps_from_scores else call(one))  # noqa: B023
    throw("junk", lambda: csm.catalog["churn_rate"].compute({"lost": one, "start": other}))
    throw("junk", lambda: csm.catalog["churn_rate"].compute(json.dumps(repr(one))))
    throw("junk", lambda: FRAMES["good"]().csm.by(one).churn_rate(lost=other))


def test_columns_of_values_whose_own_eq_raises() -> None:
    """Cells of somebody's own class, in every column that a builder reads."""
    cells = {"eq": COLUMNS["eqs"], "bare": COLUMNS["bares"]}
    for name, (build, good) in BUILDERS.items():
        for column in good:
            for make in cells.values():
                values = make()
                odd = pd.Series([None] * len(values), dtype=object)
                for place, value in enumerate(values):  # numpy 1 compares the values of a list
                    odd.array[place] = value
                throw(name, lambda: build(good.assign(**{column: odd})))  # noqa: B023
    events = _dated(user=[1, 2, 3], time=None, event=COLUMNS["eqs"]())
    with pytest.raises(
        csm.MetricInputError, match="`event` must hold values that can be compared; got one whose own =="
    ):
        csm.cohorts.retention(events, start_event="a")


def test_words_of_somebodys_own_class_are_taken_as_text() -> None:
    """A text whose own == raises says what it says; an object whose own == raises names no column."""
    word = WITH_EQ[str]
    build, good = BUILDERS["subscriptions"]
    expected = build(good, closed="both", by_at="row", on_bad_rows="report")
    got = build(good, closed=word("both"), by_at=word("row"), freq=word("M"), on_bad_rows=word("report"))
    pd.testing.assert_frame_equal(got, expected)
    assert csm.catalog[word("churn_rate")] is csm.catalog["churn_rate"]
    assert csm.normalize_score(4, 0, 10, better=word("low")) == 60
    assert csm.health_score({"a": 50}, WITH_LEN[dict]({"a": 1})) == 50
    with pytest.raises(csm.MetricInputError, match="`lost` must be a number; got a HostileObject"):
        FRAMES["good"]().csm.churn_rate(lost=WITH_EQ[object]())
    with pytest.raises(csm.MetricInputError, match="`by` must name columns; got "):
        build(good, by=WITH_EQ[object]())
