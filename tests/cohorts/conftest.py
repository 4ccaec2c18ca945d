"""Fixtures that the tests on engines share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from csmetrics._frames import engines

from ..engine_frames import FRAMES, NAMES


@pytest.fixture(params=NAMES)
def make(request: pytest.FixtureRequest) -> Callable[[pd.DataFrame], Any]:
    """Return the function that makes a frame of an engine from pandas."""
    return FRAMES[request.param]


@pytest.fixture
def crossed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """List the number of rows of each result that comes back from the engine."""
    seen: list[int] = []
    collect = engines.collect

    def counted(frame: Any) -> pd.DataFrame:
        out = collect(frame)
        seen.append(len(out))
        return out

    monkeypatch.setattr(engines, "collect", counted)
    return seen
