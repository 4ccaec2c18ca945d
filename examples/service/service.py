"""A web service over the whole catalogue of metrics. Run it with `uvicorn service:app`.

Answers are JSON. Refusals have the form of the library's own errors: code, metric, argument, rule, found, hint.
"""

import difflib
import json
import reprlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.resources import files
from time import thread_time
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

import csmetrics as csm

MAX_CALLS = 10_000  # in one batch
MAX_BYTES = 1024**2  # in one body
MAX_SECONDS = 0.8  # of computing for one batch; no other body of MAX_BYTES takes longer
MAX_VALUES = 20_000  # of a score of components, or of an interval by resampling, which take long for each
MAX_GUESSES = 20  # wrong names in one batch for which the nearest metric is looked up, which takes a millisecond each
INLINE = 4096  # bytes: smaller bodies are quicker without a thread, larger ones would make other requests wait
SPECS = MappingProxyType(dict(csm.catalog.items()))
SCORES = frozenset({"engagement_score", "health_score"})
CODES = MappingProxyType({404: "not_found", 405: "wrong_method", 413: "too_large", 415: "wrong_content_type"})


class Refused(csm.CsmetricsError):
    """A refusal by the service itself: of the path, the method, the size or the type of a request."""

    def __init__(self, status: int, metric: str, argument: str, rule: str, found: str, hint: str = "") -> None:
        super().__init__(metric, argument, rule, found, hint)
        self.status = status

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "code": CODES[self.status]}


# The work


class Odd:
    """A value that JSON must not contain. No metric accepts it, so the error says where it is, and a batch goes on."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def distinct(pairs: list[tuple[str, Any]]) -> Any:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Odd("an object with a name twice")


def whole(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else float(digits)  # infinite; Python refuses to read 4,301 digits


def constant(word: str) -> Odd:
    return Odd(f"{word}, which is not JSON (null is missing)")


def read(text: bytes, metric: str) -> Any:
    try:
        return json.loads(text.decode(), object_pairs_hook=distinct, parse_int=whole, parse_constant=constant)
    except RecursionError:
        found = "it is nested too deeply"
    except ValueError as error:  # neither UTF-8 nor JSON
        found = str(error)
    raise csm.MetricInputError(metric, "inputs", "must be valid JSON", found)


def named(name: object, guess: bool = True) -> csm.MetricSpec:
    text = name if isinstance(name, str) else ""
    if text in SPECS:
        return SPECS[text]
    near = difflib.get_close_matches(text[:40], SPECS, n=1) if guess else []
    hint = f"did you mean {near[0]!r}?" if near else "GET /metrics lists them"
    raise Refused(404, text[:40], "metric", "must be a metric of the catalogue", f"got {reprlib.repr(name)}", hint)


def compute(spec: csm.MetricSpec, inputs: object) -> bytes:
    if not isinstance(inputs, dict):
        rule = "must be an object with the inputs by name"
        raise csm.MetricInputError(spec.name, "inputs", rule, f"got {reprlib.repr(inputs)}")
    if spec.name in SCORES:
        count(spec, inputs)
    return spec.compute(inputs).model_dump_json().encode()


def count(spec: csm.MetricSpec, inputs: dict[str, Any], hint: str = "") -> None:
    found = sum(len(value) for value in inputs.values() if isinstance(value, list | dict))
    if found > MAX_VALUES:
        raise Refused(413, spec.name, "inputs", f"must hold at most {MAX_VALUES:,} values", f"got {found:,}", hint)


def one(spec: csm.MetricSpec, text: bytes) -> bytes:
    return compute(spec, read(text, spec.name))


def sure(spec: csm.MetricSpec, text: bytes) -> bytes:
    """Compute a figure with its interval: the inputs (or the totals behind them), and `confidence` and `method`."""
    inputs = read(text, spec.name)
    if not isinstance(inputs, dict):
        rule = "must be an object with the inputs by name"
        raise csm.MetricInputError(spec.name, "inputs", rule, f"got {reprlib.repr(inputs)}")
    options = {name: inputs.pop(name) for name in ("confidence", "method") if name in inputs}
    if spec.name in SCORES or options.get("method") in ("bca", "percentile"):
        count(spec, inputs, "leave `method` out" if "method" in options else "")
    found = csm.interval(spec.name, inputs, **options)
    if isinstance(found, csm.Interval):
        return json.dumps(found.as_dict()).encode()
    rule, hint = "must be one figure", "send one number for each input, or one request for each figure"
    raise csm.MetricInputError(spec.name, "inputs", rule, f"got {len(found)} of them", hint)


def batch(text: bytes) -> bytes:
    began = thread_time()
    calls = read(text, "batch")
    rule = f"must be a list of at most {MAX_CALLS:,} calls"
    if not isinstance(calls, list):
        raise csm.MetricInputError("batch", "inputs", rule, f"got {reprlib.repr(calls)}")
    if len(calls) > MAX_CALLS:
        raise csm.MetricInputError("batch", "inputs", rule, f"got {len(calls):,}")
    guesses = iter(range(MAX_GUESSES))
    answers: list[bytes] = []
    for call in calls:
        if thread_time() - began > MAX_SECONDS:
            found = f"after {MAX_SECONDS} seconds there were {len(answers):,} of {len(calls):,} answers"
            raise Refused(413, "batch", "body", "must take less than a second", found, "send it in parts")
        answers.append(item(call, guesses))
    return b"[%b]" % b",".join(answers)


def item(call: object, guesses: Iterator[int]) -> bytes:
    try:
        if isinstance(call, dict) and call.keys() == {"metric", "inputs"}:
            known = isinstance(call["metric"], str) and call["metric"] in SPECS
            return compute(named(call["metric"], known or next(guesses, None) is not None), call["inputs"])
        rule = "must be an object with `metric` and `inputs`"
        raise csm.MetricInputError("batch", "call", rule, f"got {reprlib.repr(call)}")
    except csm.CsmetricsError as error:
        return written(error)


def written(error: csm.CsmetricsError) -> bytes:
    text = json.dumps(error.as_dict(), ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace")  # a name may contain half a surrogate pair


# The OpenAPI document: the library's schemas, each included once and referred to


class Problem(BaseModel):
    """A refusal: the argument, the rule that it breaks, what was found, and a hint on what to do (may be empty)."""

    code: str
    metric: str
    argument: str
    rule: str
    found: str
    hint: str


class Listed(BaseModel, from_attributes=True):
    """A metric in the list."""

    name: str
    title: str
    unit: str
    direction: str
    summary: str


SCHEMAS = models_json_schema(
    [(model, "validation") for spec in SPECS.values() for model in (spec.Inputs, spec.Result)],
    ref_template="#/components/schemas/{model}",
)[1]["$defs"]


class Service(FastAPI):
    """FastAPI, with the inputs and results of all metrics among the schemas of its OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            super().openapi()["components"]["schemas"] |= SCHEMAS
        return super().openapi()


def ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def described(takes: dict[str, Any], gives: dict[str, Any]) -> dict[str, Any]:
    """Describe a route that reads its own body, so that only the library validates it."""
    return {"requestBody": {"required": True, **content(takes)}, "responses": {"200": content(gives)}}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem, "description": CODES.get(status, "impossible_input")} for status in statuses}


CALL = {
    "title": "Call",
    "type": "object",
    "required": ["metric", "inputs"],
    "properties": {
        "metric": {"enum": list(SPECS)},
        "inputs": {"type": "object", "description": "What POST /metrics/{metric} takes."},
    },
}
BATCH = {"type": "array", "maxItems": MAX_CALLS, "items": {"anyOf": [CALL, {"description": "Else an error in place."}]}}
ANSWERS = {"type": "array", "items": {"anyOf": [*(ref(s.Result) for s in SPECS.values()), ref(Problem)]}}

# The routes

app = Service(title="csmetrics", version=csm.__version__, redirect_slashes=False, docs_url=None, redoc_url=None)
app.mount("/static", StaticFiles(directory=str(files("fastapi_offline") / "static")))  # the page /docs without a CDN


@app.get("/docs", include_in_schema=False)
async def docs() -> Response:
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=app.title,
        swagger_js_url="/static/swagger-ui-bundle.js",
        swagger_css_url="/static/swagger-ui.css",
        swagger_favicon_url="/static/favicon.png",
    )


async def body(request: Request) -> bytes:
    """Read the body, at most MAX_BYTES of it."""
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        rule, found = "must be application/json", f"got {kind!r}" if kind else "not given"
        raise Refused(415, "", "content-type", rule, found)
    text = bytearray()
    async for chunk in request.stream():
        text += chunk
        if len(text) > MAX_BYTES:
            raise Refused(413, "", "body", f"must be at most {MAX_BYTES:,} bytes", "got more")
    return bytes(text)


Body = Annotated[bytes, Depends(body)]
Words = Annotated[str | None, Query(max_length=100, pattern="[A-Za-z0-9]", description="A metric in your own words.")]


async def answer(work: Callable[[bytes], bytes], text: bytes) -> Response:
    done = work(text) if len(text) <= INLINE else await run_in_threadpool(work, text)
    return Response(done, media_type="application/json")


@app.get("/metrics", responses=refusals(422))
def metrics(find: Words = None) -> list[Listed]:
    """List the metrics, or those that match the words, best match first. A plain `def` runs in a thread."""
    specs: Sequence[csm.MetricSpec] = list(SPECS.values()) if find is None else csm.catalog.find(find)
    return [Listed.model_validate(spec) for spec in specs]


@app.get("/metrics/{name}/schema", responses=refusals(404, 422))
async def schema(name: Annotated[str, Path(json_schema_extra={"enum": list(SPECS)})]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of a metric's inputs and result."""
    spec = named(name)
    return {"inputs": spec.Inputs.model_json_schema(), "result": spec.Result.model_json_schema()}


def add(spec: csm.MetricSpec) -> None:
    """Add a path for a metric, so that the OpenAPI document has its own inputs and result."""

    async def told() -> csm.MetricSpec:
        """Return everything about the metric: formula, inputs, other definitions in use, pitfalls, worked examples."""
        return spec

    async def computed(text: Body) -> Response:
        return await answer(partial(one, spec), text)

    app.get(f"/metrics/{spec.name}", summary=spec.title, operation_id=f"{spec.name}_spec")(told)
    app.post(
        f"/metrics/{spec.name}",
        summary=spec.title,
        description=spec.summary,
        operation_id=spec.name,
        responses=refusals(413, 415, 422),
        openapi_extra=described(ref(spec.Inputs), ref(spec.Result)),
    )(computed)


for each in SPECS.values():
    add(each)


INTERVAL = {
    "title": "Inputs",
    "type": "object",
    "description": "The metric's inputs, or the totals behind them; one value per customer where revenue is sampled.",
    "properties": {"confidence": {"type": "number", "default": 95}, "method": {"type": "string"}},
}
FOUND = {
    "title": "Interval",
    "type": "object",
    "required": ["estimate", "low", "high", "n", "n_eff", "confidence", "method", "metric", "unit", "notes"],
}


@app.post("/metrics/{name}/interval", responses=refusals(404, 413, 415, 422), openapi_extra=described(INTERVAL, FOUND))
async def interval(name: Annotated[str, Path(json_schema_extra={"enum": list(SPECS)})], text: Body) -> Response:
    """Compute a figure and how sure it is; null where it has no value, or no limit."""
    return await answer(partial(sure, named(name)), text)


@app.get("/metrics/{name}", status_code=404, responses=refusals(404, 422))
@app.post("/metrics/{name}", status_code=404, responses=refusals(404, 422))
async def unknown(name: str) -> None:
    """Answer that there is no metric of this name."""
    named(name)


@app.post("/batch", responses=refusals(413, 415, 422), openapi_extra=described(BATCH, ANSWERS))
async def batches(text: Body) -> Response:
    """Compute up to 10,000 metrics. Returns a list in the same order, with a result or an error for each call."""
    return await answer(batch, text)


# The refusals


@app.exception_handler(csm.CsmetricsError)
async def refused(_: Request, error: csm.CsmetricsError) -> Response:
    return Response(written(error), getattr(error, "status", 422), media_type="application/json")


@app.exception_handler(RequestValidationError)
async def misasked(request: Request, error: RequestValidationError) -> Response:
    wrong = error.errors()[0]
    found = f"got {reprlib.repr(wrong['input'])}"
    return await refused(request, csm.MetricInputError("", str(wrong["loc"][-1]), wrong["msg"], found))


@app.exception_handler(HTTPException)
async def astray(request: Request, error: HTTPException) -> Response:
    path = request.scope["path"][:100]
    if error.status_code != 405:
        return await refused(request, Refused(404, "", "path", "must be a path of this service", f"got {path!r}"))
    fits = [route for route in app.routes if route.matches(request.scope)[0] != Match.NONE]
    allowed = ", ".join(sorted({method for route in fits for method in getattr(route, "methods", ())}))
    problem = Refused(405, "", "method", f"must be one of {allowed}", f"got {request.method!r}")
    answer = await refused(request, problem)
    answer.headers["allow"] = allowed
    return answer


@app.exception_handler(ClientDisconnect)
async def gone(_: Request, __: ClientDisconnect) -> Response:
    return Response(status_code=400)  # nobody is left to read it
