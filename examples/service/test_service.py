"""The service: every route, every refusal, whole batches, and requests that Schemathesis generates.

pip install -r requirements-test.txt && pytest examples/service/test_service.py
"""

import asyncio
import json
import math
import time

import httpx
import pytest
import schemathesis
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from service import MAX_BYTES, MAX_CALLS, SPECS, app

import csmetrics as csm

PROBLEM = {"code", "metric", "argument", "rule", "found", "hint"}
CHURN = {"lost": 5, "start": 100}
EXAMPLES = [(spec, example) for spec in SPECS.values() for example in spec.examples]


def ask(method, path, **what):
    """Send a request to the service in this process; an exception in the service fails the test."""

    async def asked():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(method, path, **what)

    answer = asyncio.run(asked())
    assert answer.headers["content-type"] == "application/json"
    return answer


def post(path, text, kind="application/json"):
    return ask("POST", path, content=text, headers={"content-type": kind} if kind else {})


def strict(answer):
    """Read an answer as strict JSON, without the NaN and Infinity that Python also accepts."""

    def refuse(word):
        raise AssertionError(word)

    return json.loads(answer.content.decode(), parse_constant=refuse)


def problem(answer, status, code, argument):
    """Check that an answer is an error in the library's form."""
    found = strict(answer)
    assert answer.status_code == status, found
    assert found.keys() == PROBLEM
    assert (found["code"], found["argument"]) == (code, argument)
    assert all(isinstance(part, str) for part in found.values())
    assert found["rule"]
    assert found["found"]
    assert "Traceback" not in answer.text
    return found


def jsonable(example):
    """Return the inputs of a worked example as JSON data."""
    return json.loads(json.dumps(example.inputs, default=lambda date: date.isoformat()).replace("NaN", "null"))


def same(result, spec, example):
    """Check whether a result is the published one."""
    if (result.get("metric"), result.get("unit")) != (spec.name, spec.unit):
        return False
    value, expected = result["value"], example.expected
    if isinstance(value, float) and expected is not None:
        return math.isclose(value, expected, rel_tol=1e-9, abs_tol=example.tolerance)
    return value == expected and (value is not None or result["status"] != "ok")


# The catalogue


def test_the_list_has_every_metric():
    listed = strict(ask("GET", "/metrics"))
    assert [each["name"] for each in listed] == list(csm.catalog)
    assert listed[0] == {part: getattr(csm.catalog["churn_rate"], part) for part in listed[0]}
    assert listed[0].keys() == {"name", "title", "unit", "direction", "summary"}


def test_the_list_can_be_searched_in_the_fields_words():
    found = strict(ask("GET", "/metrics", params={"find": "net dollar retention"}))
    assert found[0]["name"] == "nrr"
    assert strict(ask("GET", "/metrics", params={"find": "zzzzzzzz"})) == []


@pytest.mark.parametrize("words", ["", "?!", "a" * 101])
def test_words_that_say_nothing_or_go_on_for_ever_are_refused(words):
    assert problem(ask("GET", "/metrics", params={"find": words}), 422, "impossible_input", "find")


@pytest.mark.parametrize("name", SPECS)
def test_each_metric_tells_all_about_itself(name):
    told = strict(ask("GET", f"/metrics/{name}"))
    assert told == json.loads(SPECS[name].model_dump_json())
    assert told["formula"]
    schemas = strict(ask("GET", f"/metrics/{name}/schema"))
    assert schemas["inputs"]["properties"].keys() == SPECS[name].Inputs.model_fields.keys()
    assert schemas["result"]["properties"].keys() == {"metric", "value", "unit", "status"}


# Computing


@pytest.mark.parametrize(("spec", "example"), [pytest.param(*pair, id=pair[1].id) for pair in EXAMPLES])
def test_each_worked_example_comes_out(spec, example):
    answer = ask("POST", f"/metrics/{spec.name}", json=jsonable(example))
    assert answer.status_code == 200
    assert same(strict(answer), spec, example)


def test_what_is_missing_or_undefined_is_null():
    churn = {"metric": "churn_rate", "value": None, "unit": "percent"}
    assert strict(ask("POST", "/metrics/churn_rate", json={"lost": None, "start": 9})) == {**churn, "status": "missing"}
    assert strict(ask("POST", "/metrics/churn_rate", json={"lost": 0, "start": 0})) == {**churn, "status": "undefined"}


def test_undefined_may_be_an_error():
    answer = ask("POST", "/metrics/churn_rate", json={"lost": 0, "start": 0, "undefined": "raise"})
    assert problem(answer, 422, "undefined", "start")["metric"] == "churn_rate"


BAD = [  # for churn_rate: body, the argument that the error names, words of the error
    ('{"lost": 501, "start": 480}', "lost", "501 > 480"),
    ('{"lost": -1, "start": 480}', "lost", ">= 0"),
    ('{"lost": 5}', "start", "is required"),
    ('{"lost": 5, "start": 100, "end": 95}', "end", "no argument"),
    ('{"lost": "5", "start": 100}', "lost", "'5'"),
    ('{"lost": true, "start": 100}', "lost", "True"),
    ('{"lost": [5], "start": 100}', "lost", "[5]"),
    ('{"lost": NaN, "start": 100}', "lost", "NaN, which is not JSON"),
    ('{"lost": 1e999, "start": 100}', "lost", "finite"),
    ('{"lost": -Infinity, "start": 100}', "lost", "-Infinity, which is not JSON"),
    ('{"lost": 1' + "0" * 350 + ', "start": 100}', "lost", "1000"),
    ('{"lost": 1' + "0" * 9000 + ', "start": 100}', "lost", "finite"),
    ('{"lost": 5, "lost": 6, "start": 100}', "inputs", "a name twice"),
    ('{"lost": {"a": 1, "a": 2}, "start": 100}', "lost", "a name twice"),
    ('{"lost": ' + "[" * 500 + "]" * 500 + ', "start": 100}', "lost", "[[["),
    ('{"lost": ' + "[" * 100_000 + "]" * 100_000 + ', "start": 100}', "inputs", "too deeply"),
    ('{"lost": "\\ud800", "start": 100}', "lost", "ud800"),
    ('{"\\ud800": 5, "start": 100}', r"'\ud800'", "is no argument"),
    ("[5, 100]", "inputs", "[5, 100]"),
    ('"{\\"lost\\": 5, \\"start\\": 100}"', "inputs", "got '"),
    ("null", "inputs", "None"),
    ("", "inputs", "Expecting value"),
    ("{", "inputs", "line 1"),
    ('{"lost": 5, "start": 100} x', "inputs", "Extra data"),
    (b"\xff\xfe{\x00}\x00", "inputs", "utf-8"),
    (b'{"lost": 5, "start": "\xe4"}', "inputs", "utf-8"),
    (b"\xef\xbb\xbf{}", "inputs", "BOM"),
]


@pytest.mark.parametrize(("text", "argument", "words"), BAD)
def test_what_cannot_be_right_is_refused_in_the_librarys_words(text, argument, words):
    found = problem(post("/metrics/churn_rate", text), 422, "impossible_input", argument)
    assert found["metric"] == "churn_rate"
    assert words in f"{found['rule']} {found['found']}"


@pytest.mark.parametrize("path", ["/metrics/churn_rate", "/batch"])
@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_another_content_type_is_refused(path, kind):
    problem(post(path, json.dumps(CHURN), kind), 415, "wrong_content_type", "content-type")


def test_the_content_type_may_name_its_character_set():
    assert post("/metrics/churn_rate", json.dumps(CHURN), "Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize("path", ["/metrics/churn_rate", "/batch"])
@pytest.mark.parametrize("pieces", [1, 100])
def test_a_body_over_the_limit_is_refused_without_reading_all_of_it(path, pieces):
    sent = 0

    async def chunks():
        nonlocal sent
        for _ in range(pieces):
            sent += 1
            yield b" " * (MAX_BYTES * 10 // pieces)

    problem(post(path, chunks()), 413, "too_large", "body")
    assert sent <= max(1, pieces // 5)


def test_a_client_that_leaves_is_no_error_of_the_service():
    messages = [{"type": "http.disconnect"}, {"type": "http.request", "body": b'[{"metric": ', "more_body": True}]

    async def receive():
        return messages.pop()

    async def send(_):
        pass

    scope = {"type": "http", "method": "POST", "path": "/batch", "headers": [(b"content-type", b"application/json")]}
    asyncio.run(app({**scope, "query_string": b"", "root_path": "", "scheme": "http"}, receive, send))
    assert not messages


def test_a_body_at_the_limit_is_taken():
    text = json.dumps(CHURN)
    assert post("/metrics/churn_rate", text + " " * (MAX_BYTES - len(text))).status_code == 200


def filled(head, item, tail):
    """Return a body of the largest size, most of it made of one item again and again."""
    return head + ",".join([item] * ((MAX_BYTES - len(head) - len(tail)) // (len(item) + 1))) + tail


def calls(metric, **inputs):
    return json.dumps([{"metric": metric, "inputs": inputs}] * MAX_CALLS, separators=(",", ":"))


def columns(value, *names, head="{", tail="}"):
    rows = (MAX_BYTES - 200) // len(names) // (len(value) + 1)
    return head + ",".join(f'"{name}":[{",".join([value] * rows)}]' for name in names) + tail


LARGE = {  # path, body, status
    "answers": ("/metrics/nps_from_scores", filled('{"scores":[', "9", "]}"), 200),
    "answers off the scale": ("/metrics/nps_from_scores", filled('{"scores":[', "99", "]}"), 422),
    "text for answers": ("/metrics/nps_from_scores", filled('{"scores":[', '"a"', "]}"), 422),
    "lists for answers": ("/metrics/nps_from_scores", filled('{"scores":[', "[]", "]}"), 422),
    "long integers": ("/metrics/nps_from_scores", filled('{"scores":[', "9" * 399, "]}"), 422),
    "dates": (
        "/metrics/median_ttv",
        columns('"2026-01-01"', "started_at", "value_at", tail=',"as_of":"2026-03-01"}'),
        200,
    ),
    "components": ("/metrics/health_score", columns("1", "scores", "weights"), 413),
    "names of components": (
        "/metrics/health_score",
        json.dumps({"scores": {f"part {i}": 1 for i in range(30_000)}, "weights": {}}),
        413,
    ),
    "nested deeply": ("/metrics/churn_rate", "[" * MAX_BYTES, 422),
    "nested often": ("/metrics/churn_rate", filled('{"lost":[', "[" * 300 + "]" * 300, '],"start":1}'), 422),
    "a long text": ("/metrics/churn_rate", '{"lost":"' + "a" * (MAX_BYTES - 30) + '","start":1}', 422),
    "a long name": ("/metrics/churn_rate", '{"' + "a" * (MAX_BYTES - 30) + '":1}', 422),
    "many names": ("/metrics/churn_rate", json.dumps({f"a{i}": 1 for i in range(70_000)}), 422),
    "a long number": ("/metrics/churn_rate", '{"lost":' + "9" * (MAX_BYTES - 30) + ',"start":1}', 422),
    "wrong metrics": (
        "/batch",
        json.dumps([{"metric": f"chrun_rate{i}", "inputs": {}} for i in range(MAX_CALLS)]),
        200,
    ),
    "no calls": ("/batch", filled("[", "1", "]"), 422),
    "medians": ("/batch", calls("median_ttv", started_at=["2026-01-01"], value_at=[None], as_of="2026-02-01"), 413),
    "an interval": ("/metrics/nps_from_scores/interval", filled('{"scores":[', "9", "]}"), 200),
    "an interval by resampling": (
        "/metrics/nps_from_scores/interval",
        filled('{"method":"bca","scores":[', "9", "]}"),
        413,
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_body_of_any_size_is_answered_soon_or_refused(name):
    """A second of computing, with room for machines that are slower or busy."""
    path, text, status = LARGE[name]
    assert len(text) <= MAX_BYTES
    began = time.process_time()
    answer = post(path, text)
    assert time.process_time() - began < 3
    assert answer.status_code == status, answer.text[:200]
    if status != 200:
        assert strict(answer).keys() == PROBLEM
        assert len(answer.content) < 2000


# Paths and methods


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/schema"), ("POST", "")])
def test_an_unknown_metric_is_refused_with_the_nearest_name(method, path):
    found = problem(ask(method, f"/metrics/chrun_rate{path}"), 404, "not_found", "metric")
    assert found["metric"] == "chrun_rate"
    assert found["hint"] == "did you mean 'churn_rate'?"
    assert "GET /metrics" in problem(ask("GET", "/metrics/%00%22"), 404, "not_found", "metric")["hint"]


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics/churn_rate/", "/batch/", "/metrics/a/b/c", "//metrics"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_path_is_refused(method, path):
    problem(ask(method, f"http://service{path}"), 404, "not_found", "path")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/metrics/churn_rate", "GET, POST"),
        ("OPTIONS", "/metrics/churn_rate", "GET, POST"),
        ("POST", "/metrics", "GET"),
        ("DELETE", "/metrics/churn_rate/schema", "GET"),
        ("GET", "/batch", "POST"),
        ("BREW", "/batch", "POST"),
    ],
)
def test_another_method_is_refused_with_those_that_are_there(method, path, allowed):
    answer = ask(method, path)
    assert allowed in problem(answer, 405, "wrong_method", "method")["rule"]
    assert answer.headers["allow"] == allowed
    assert ask("HEAD", path).status_code == 405


# Batches

BAD_CALLS = [
    (5, "call"),
    (None, "call"),
    ([], "call"),
    ({}, "call"),
    ({"metric": "nps"}, "call"),
    ({"metric": "nps", "inputs": {}, "id": 1}, "call"),
    ({"metric": "chrun_rate", "inputs": CHURN}, "metric"),
    ({"metric": ["nps"], "inputs": CHURN}, "metric"),
    ({"metric": "\ud800", "inputs": CHURN}, "metric"),
    ({"metric": "churn_rate", "inputs": None}, "inputs"),
    ({"metric": "churn_rate", "inputs": json.dumps(CHURN)}, "inputs"),
    ({"metric": "churn_rate", "inputs": {"lost": 501, "start": 480}}, "lost"),
    ({"metric": "churn_rate", "inputs": {"lost": math.nan, "start": 480}}, "lost"),
    ({"metric": "churn_rate", "inputs": {"lost": "HUGE", "start": 480}}, "lost"),
]


def test_ten_thousand_calls_in_one_request_are_answered_in_order_and_each_by_itself():
    calls = [{"metric": "churn_rate", "inputs": {"lost": i, "start": MAX_CALLS}} for i in range(MAX_CALLS)]
    for place, (spec, example) in enumerate(EXAMPLES):
        calls[10 * place + 3] = {"metric": spec.name, "inputs": jsonable(example)}
    for place, (call, _) in enumerate(BAD_CALLS):
        calls[700 * place] = call
    answers = strict(post("/batch", json.dumps(calls).replace('"HUGE"', "1" + "0" * 5000)))
    assert len(answers) == MAX_CALLS
    for place, (_, argument) in enumerate(BAD_CALLS):
        assert answers[700 * place].keys() == PROBLEM
        assert answers[700 * place]["argument"] == argument
        answers[700 * place] = None
    for place, (spec, example) in enumerate(EXAMPLES):
        assert same(answers[10 * place + 3], spec, example)
        answers[10 * place + 3] = None
    plain = [(i, answer["value"]) for i, answer in enumerate(answers) if answer]
    assert len(plain) == MAX_CALLS - len(EXAMPLES) - len(BAD_CALLS)
    assert all(math.isclose(value, 100 * i / MAX_CALLS) for i, value in plain)


def test_a_batch_answers_as_the_metrics_routes_do():
    calls = [{"metric": spec.name, "inputs": jsonable(example)} for spec, example in EXAMPLES[::7]]
    calls += [call for call, argument in BAD_CALLS[9:13]]
    whole = strict(post("/batch", json.dumps(calls)))
    assert whole == [strict(post(f"/metrics/{call['metric']}", json.dumps(call["inputs"]))) for call in calls]
    assert strict(post("/batch", "[]")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("{}", "got {}"), ("5", "got 5"), ("[", "line 1"), ("[1, 1", "line 1"), ("[" + "0," * MAX_CALLS + "0]", "10,001")],
)
def test_what_is_no_batch_is_refused_as_a_whole(text, words):
    assert words in problem(post("/batch", text), 422, "impossible_input", "inputs")["found"]


# The OpenAPI document


def test_a_figure_with_its_interval():
    found = strict(post("/metrics/churn_rate/interval", json.dumps({**CHURN, "confidence": 90})))
    assert found == csm.interval(csm.churn_rate, **CHURN, confidence=90).as_dict()
    rows = {"start_mrr": [10, 20, 30], "contraction_mrr": [0, 1, 0], "churned_mrr": [0, 0, 5]}
    found = strict(post("/metrics/grr/interval", json.dumps(rows)))
    assert (found["method"], found["n"]) == ("wilson-effective", 3)
    problem(post("/metrics/mrr/interval", '{"amount": 3}'), 422, "impossible_input", "metric")
    problem(post("/metrics/churn_rate/interval", '{"lost": [1], "start": [2]}'), 422, "impossible_input", "inputs")
    problem(
        post("/metrics/churn_rate/interval", '{"lost": 1, "start": 2, "confidence": 0.95}'),
        422,
        "impossible_input",
        "confidence",
    )
    problem(post("/metrics/churn_rat/interval", "{}"), 404, "not_found", "metric")


def test_the_document_is_valid_and_has_every_metrics_own_schemas():
    document = strict(ask("GET", "/openapi.json"))
    validate(document)
    schemas = document["components"]["schemas"]
    for name, spec in SPECS.items():
        route = document["paths"][f"/metrics/{name}"]["post"]
        takes = route["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        gives = route["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert schemas[takes]["properties"].keys() == spec.Inputs.model_fields.keys()
        assert schemas[takes]["additionalProperties"] is False
        assert schemas[gives]["properties"]["metric"]["const"] == name
        assert route["responses"].keys() == {"200", "413", "415", "422"}
    routes = {"/metrics", "/metrics/{name}", "/metrics/{name}/schema", "/metrics/{name}/interval", "/batch"}
    assert document["paths"].keys() == routes | {f"/metrics/{name}" for name in SPECS}
    assert "HTTPValidationError" not in schemas


def alike():
    """Name the metrics whose inputs have the same types as those of a metric before them."""
    seen, found = set(), []
    for name, spec in SPECS.items():
        inputs = spec.Inputs.model_json_schema()["properties"].values()
        types = [{part: said for part, said in one.items() if part not in ("title", "description")} for one in inputs]
        kind = json.dumps(sorted(json.dumps(one, sort_keys=True) for one in types))
        found += [name] if kind in seen else []
        seen.add(kind)
    return found


# A schema cannot say that one input is part of another, so data that fits it may still be refused with 422. The test
# below checks that there is no other reason: the inputs' own model accepts all data that fits the schema. Metrics whose
# inputs have the same types share what is drawn: all of it for the first, a quarter for the others.
CONFIG = {
    "generation": {"max-examples": 40, "deterministic": True},
    "operations": [
        {"include-path": [f"/metrics/{name}" for name in alike()], "generation": {"max-examples": 10}},
    ],
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]},
    },
}
made_up = schemathesis.openapi.from_asgi("/openapi.json", app, config=schemathesis.Config.from_dict(CONFIG))


@made_up.parametrize()
def test_nothing_made_up_from_the_document_goes_wrong(case):
    answer = case.call_and_validate()
    assert answer.status_code < 400 or answer.json().keys() == PROBLEM
    if answer.status_code == 422 and case.meta.generation.mode is GenerationMode.POSITIVE:
        assert case.method == "POST"
        if (name := case.path.rpartition("/")[2]) in SPECS:
            SPECS[name].Inputs.model_validate(case.body)
