"""The published figures, by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "cases"


def read(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text("utf-8"))


FIGURES = {case["id"]: case for case in read("statistics")}
