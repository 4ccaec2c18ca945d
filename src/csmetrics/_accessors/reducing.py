"""A formula over whole columns of raw answers or dates, for each group of a frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from csmetrics._frames.columns import column, has, require
from csmetrics._frames.engine_totals import EngineFrame
from csmetrics._frames.grain import Grain
from csmetrics._frames.groups import group_rows
from csmetrics.core._registry import Registration
from csmetrics.errors import MetricInputError


def reduced(grain: Grain, spec: Registration, given: dict[str, Any]) -> Any:
    """Call a formula that reduces columns to one number, for each group."""
    frame, keys = grain.frame, grain.keys
    if keys is None:
        hint = f"for all rows: .total().{spec.name}(...); by group: .by(...).{spec.name}(...)"
        rule = "is reduced to one number"
        raise MetricInputError(spec.name, next(iter(spec.inputs)), rule, "asked for each row", hint)
    named = {**{n: n for n in spec.inputs if n not in spec.defaults}, **given}
    labels = {n: v for n, v in named.items() if n in spec.inputs or has(frame, v)}
    for name, label in labels.items():
        require(frame, label, spec.name, name)
    if isinstance(frame, EngineFrame):
        frame = frame.rows(labels.values(), keys)
    columns = {n: column(frame, label, spec.name, n) for n, label in labels.items()}
    rest = {n: v for n, v in named.items() if n not in columns}
    if not keys:
        return spec.function(**columns, **rest)
    index, rows = group_rows([column(frame, k, "by", "keys") for k in keys])
    values = [spec.function(**{n: c.iloc[at] for n, c in columns.items()}, **rest) for at in rows]
    return pd.Series(np.array(values, dtype=np.float64), index=index, name=spec.name)
