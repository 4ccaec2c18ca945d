"""A metric in a service: a request comes in as data, a result or an error goes out as data.

No framework: `answer` is what an endpoint calls. The formulas keep no state, so threads may share them.
"""

from __future__ import annotations

import json
from typing import Any

import csmetrics as csm


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compute ``{"metric": "churn_rate", "inputs": {"lost": 5, "start": 100}}``."""
    metric = csm.catalog.get(str(request.get("metric")))
    if metric is None:
        return {"status": 404, "error": {"code": "unknown_metric", "found": request.get("metric")}}
    options = {"undefined": "raise"} if "undefined" in metric.options else {}  # JSON has no NaN
    try:
        value = metric.compute(**request.get("inputs", {}), **options)
    except csm.CsmetricsError as error:  # the parts of the message by name, so that nobody parses text
        return {"status": 422, "error": error.as_dict()}
    except TypeError as error:  # an argument is missing or not known
        return {"status": 400, "error": {"code": "bad_arguments", "metric": metric.name, "found": str(error)}}
    return {"status": 200, "metric": metric.name, "value": value, "unit": metric.unit}


if __name__ == "__main__":
    for request in (
        {"metric": "churn_rate", "inputs": {"lost": 5, "start": 100}},
        {"metric": "churn_rate", "inputs": {"lost": 101, "start": 100}},
        {"metric": "churn_rate", "inputs": {"lost": 0, "start": 0}},
        {"metric": "churn_rate", "inputs": {"lost": 5}},
        {"metric": "churn"},
    ):
        print(json.dumps(request), "->", json.dumps(answer(request)))
