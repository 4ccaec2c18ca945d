"""Numbers, arrays, lists and Series in: clean numpy columns of one shape out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from math import inf, isfinite, nan
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from csmetrics.core._plain import plain
from csmetrics.core._registry import WHOLE, Quantity, Registration
from csmetrics.errors import MetricInputError, shown

_ARRAYS = (np.ndarray, pd.Series, pd.Index, ExtensionArray, list, tuple, range)


def is_scalar(value: Any) -> bool:
    """Check whether a value is one number (or what someone took for one), not many."""
    if isinstance(value, _ARRAYS):
        return False
    return isinstance(value, (np.generic, pd.DataFrame)) or not hasattr(type(value), "__array__")


def number(metric: str, argument: str, value: Any, quantity: Quantity) -> Any:
    """Return a Python int or float (NaN where missing) or one of the quantity's words, or refuse."""
    if quantity.choices:
        if (meant := quantity.meant(value)) is not None:
            return meant
        if _is_missing(value):
            return None
        raise _choice_error(metric, argument, quantity, f"got {shown(value)}", value)
    try:
        return _number(value)
    except TypeError as wrong:
        raise MetricInputError(metric, argument, "must be a number", f"got {wrong}", _hint(value)) from None


def aligned(
    spec: Registration, values: dict[str, Any], exact: bool = False
) -> tuple[dict[str, Any], tuple[int, ...], pd.Series[Any] | None]:
    """Bring the inputs to one shape.

    Returns
    -------
    columns : dict of str to ndarray
        Flat numeric arrays, as long as the result or of size 1; object arrays for words and, with `exact`, for Python
        numbers of which one is past what floats add exactly.
    shape : tuple of int
        The shape of the result.
    like : Series or None
        The Series whose index the result takes.
    """
    like = common_index(spec.name, values)
    arrays = {n: array(spec.name, n, v, spec.inputs[n].quantity, exact) for n, v in values.items()}
    shape = common_shape(spec.name, {n: a.shape for n, a in arrays.items()}, like)
    flat = {n: (a if a.shape == shape or a.size == 1 else np.broadcast_to(a, shape)) for n, a in arrays.items()}
    return {n: a.reshape(-1) for n, a in flat.items()}, shape, like


def common_index(metric: str, values: dict[str, Any]) -> pd.Series[Any] | None:
    """Return the first Series, if there is one; refuse others whose labels are not the same in the same order."""
    like: pd.Series[Any] | None = None
    for name, value in values.items():
        if not isinstance(value, pd.Series):
            continue
        if like is None:
            like = value
        elif not (value.index is like.index or value.index.equals(like.index)):
            rule = "must have the index of the other Series"
            found = f"{len(value)} and {len(like)} labels that are not the same in the same order"
            hint = "align them first, for example with pd.concat([...], axis=1)"
            raise MetricInputError(metric, name, rule, found, hint)
    return like


def common_shape(metric: str, shapes: dict[str, tuple[int, ...]], like: pd.Series[Any] | None) -> tuple[int, ...]:
    """Return the shape that the inputs broadcast to; with a Series among them, it is the Series' own."""
    try:
        shape = np.broadcast_shapes(*shapes.values())
    except ValueError:
        shape = None
    if shape is None or (like is not None and shape != (len(like),)):
        found = ", ".join(f"{n} {s}" for n, s in shapes.items())
        raise MetricInputError(metric, ", ".join(shapes), "must have shapes that go together", f"got {found}")
    return shape


def array(metric: str, argument: str, value: Any, quantity: Quantity, exact: bool = False) -> Any:
    """Return a numeric array of the value's shape (missing is NaN), or an array of words; `exact` as in `aligned`."""
    if is_scalar(value):
        value = number(metric, argument, value, quantity)
        if quantity.choices:
            return np.array(value, dtype=object)
        floats = np.array(as_float(value))
        return np.array(_held(value), dtype=object) if exact and _large(floats) else floats
    if isinstance(value, (pd.Series, pd.Index)):
        value = value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array
    if isinstance(value, ExtensionArray):
        if value.dtype.kind not in "iuf":
            value = np.asarray(value, dtype=object)
        elif value.isna().any():
            floats = value.to_numpy(dtype=np.float64, na_value=nan)
            whole = exact and value.dtype.kind in "iu" and _large(floats)
            value = value.to_numpy(dtype=object, na_value=nan) if whole else floats
        else:
            value = value.to_numpy(dtype=value.dtype.type)
    elif isinstance(value, np.ma.MaskedArray):
        mask, value = np.ma.getmaskarray(value), value.data.astype(object)
        value[mask] = None
    elif isinstance(value, (list, tuple)):
        value = _from_list(metric, argument, value, exact)
    else:
        value = as_array(metric, argument, value)
    if quantity.choices:
        return _words(metric, argument, value, quantity)
    if value.dtype.kind in "iuf":
        return value if value.dtype.itemsize <= 8 else value.astype(np.float64)
    if value.dtype.kind in "mM":
        kind = "durations" if value.dtype.kind == "m" else "dates"
        raise MetricInputError(metric, argument, "must be numbers", f"got {kind}")
    return _numbers(metric, argument, value.astype(object), exact)


def _from_list(metric: str, argument: str, value: Sequence[Any], exact: bool) -> Any:
    kinds = set(map(type, value))
    if kinds <= {int, float}:
        with suppress(OverflowError, ValueError):  # an int past 1e308, a list of somebody's own
            floats = np.array(value, dtype=np.float64)
            if not (exact and int in kinds and _large(floats)):
                return floats
    return as_array(metric, argument, value, object)


def as_array(metric: str, argument: str, value: Any, dtype: type | None = None, of: str = "numbers") -> Any:
    """Return an array of what is read as one: lists, and what has an ``__array__`` of its own."""
    try:
        return np.array(value, dtype=dtype) if isinstance(value, (list, tuple)) else np.asarray(value, dtype=dtype)
    except (ValueError, RecursionError):
        rule, found = f"must be a list of {of}", "got lists of different lengths"
        raise MetricInputError(metric, argument, rule, found) from None
    except Exception as wrong:  # whatever an `__array__` of somebody's own raises
        rule, found = f"must be {of}", f"got a {type(value).__name__} that cannot be read as an array"
        raise MetricInputError(metric, argument, rule, found) from wrong


def _numbers(metric: str, argument: str, values: Any, exact: bool) -> Any:
    """Objects one by one: Decimal, None and pd.NA become numbers, the rest is refused."""
    out = np.empty(values.size)
    bad: list[tuple[int, Any, str]] = []
    for i, value in enumerate(values.reshape(-1)):
        try:
            out[i] = as_float(_number(value))
        except TypeError as wrong:
            bad.append((i, value, str(wrong)))
    if bad:
        odd = (one for one in bad if not (isinstance(one[1], str) and _PLAIN.fullmatch(one[1].strip())))
        place, value, what = next(odd, bad[0])  # where numbers came as text, the one that made text of them
        found = f"{len(bad)} of {out.size} values are not, first at position {bad[0][0]} ({bad[0][2]})"
        found += "" if place == bad[0][0] else f", and at position {place} {what}"
        hint = _hint(value) if not isinstance(value, str) else hint_for_texts(wrong for _, wrong, _ in bad)
        raise MetricInputError(metric, argument, "must be numbers", found, hint)
    if exact and _large(out):
        out = np.array([_held(_number(value)) for value in values.flat], dtype=object)
    return out.reshape(values.shape)


def _large(floats: Any) -> bool:
    """Check whether there may be an integer that floats do not add exactly."""
    return bool((np.abs(floats) > WHOLE).any())


def _held(value: float) -> float:
    """Return a number as it is; infinity for an int past 1e308."""
    return value if type(value) is int and isfinite(as_float(value)) else as_float(value)


def as_float(value: Real | int | float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int past 1e308
        return inf


def _number(value: Any) -> int | float:
    """One Python number; NaN for what is missing. TypeError, saying what it is, for a value that is not a number."""
    if type(value) is float or type(value) is int:
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return nan
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"the bool {value}")
    if isinstance(value, (np.datetime64, np.timedelta64)):  # which numpy counts among the integers
        if np.isnat(value):
            return nan
        raise TypeError(f"a {type(value).__name__}")
    if isinstance(value, Decimal):
        if value.is_nan():
            return nan
        whole = value.is_finite() and value.adjusted() < 309 and value == value.to_integral_value()
        return int(value) if whole else float(value)  # all digits of a whole one count
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return as_float(value)
    if isinstance(value, str):
        raise TypeError(f"the text {value[:40]!r}")
    raise TypeError(f"a {type(value).__name__}")


def _is_missing(value: Any) -> bool:
    try:
        number = _number(value)
    except TypeError:
        return False
    return number != number


def _words(metric: str, argument: str, values: Any, quantity: Quantity) -> Any:
    values = values.astype(object)
    try:
        missing = pd.isna(values)
    except Exception:  # a signalling Decimal, or a value whose own == raises
        missing = [_is_missing(value) for value in values.reshape(-1)]
    values[np.reshape(missing, values.shape)] = None
    flat = values.reshape(-1)
    flat[:] = [plain(word) for word in flat]
    meant = {word: quantity.meant(word) for word in {word for word in flat if isinstance(word, str)}}
    bad = [i for i, word in enumerate(flat) if word is not None and not (isinstance(word, str) and meant[word])]
    if bad:
        found = f"{len(bad)} of {flat.size} values are not, first at position {bad[0]} ({shown(flat[bad[0]])})"
        raise _choice_error(metric, argument, quantity, found, flat[bad[0]])
    flat[:] = [meant.get(word) for word in flat]
    return values


def _choice_error(metric: str, argument: str, quantity: Quantity, found: str, value: Any) -> MetricInputError:
    rule = f"must be one of {', '.join(map(repr, quantity.choices))}"
    return MetricInputError(metric, argument, rule, found, quantity.nearest(value))


_LOST = "({0}.isna() & column.notna()).sum() counts what was not a number"
_PLAIN = re.compile(r"[-+]?\d+(\.\d+)?")
_LABELLED = re.compile(r"\d+ +[-–] +\D.*|.*[^\d\s] +[-–] +\d+")  # "10 - Extremely likely", "Extremely likely - 10"


def hint_for_texts(values: Iterable[Any]) -> str:
    """Say how a column of text becomes numbers, by the first text that is more than a number."""
    texts = [value for value in values if isinstance(value, str)]
    return hint_for_text(next((text for text in texts if not _PLAIN.fullmatch(text.strip())), texts[0]))


def hint_for_text(text: str) -> str:
    """Say how text of this kind becomes numbers; followed to the letter, no number is lost or changed in silence."""
    given = text.strip()
    plain = _PLAIN.fullmatch(given) is not None
    if not given:
        return "a blank is not a number; replace blanks by None first"
    if _LABELLED.fullmatch(given):
        pattern = r"r'(?:^|[^\d\s] +[-–] +)(\d+)(?:\.0)?(?=$| +[-–] +\D)'"
        numbers = f"numbers = column.astype(str).str.extract({pattern})[0].astype(float)"
        return f"take the number out of the text first: {numbers}; {_LOST.format('numbers')}"
    if re.fullmatch(r"-?\d+(:\d\d){1,2}(\.\d+)?", given):
        return (
            "this is a duration: pd.to_timedelta(...).dt.total_seconds() counts seconds (mm:ss needs '00:' before it)"
        )
    if not plain and (re.fullmatch(r"[-+]?\s*[^\w\s.,()-]?\s*(\d{1,3}(,\d{3})+|\d+)(\.\d+)?\s*[^\w\s.,()%]?", given)):
        signs = "".join(sorted({re.escape(sign) for sign in given if not re.match(r"[\w\s.,()+-]", sign)}))
        digits = rf"column.astype(str).str.replace(r'[\s{signs}]|,(?=\d\d\d)', '', regex=True)"
        numbers = f"numbers = pd.to_numeric({digits}, errors='coerce')"
        return f"take currency signs and thousands out first: {numbers}; {_LOST.format('numbers')}"
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})*,\d+", given):
        return "a comma stands for the point here: read the file with decimal=',', thousands='.'"
    if given.endswith("%"):
        return "rates are percent: .str.rstrip('%').astype(float)"
    read = f"convert text to numbers first: numbers = pd.to_numeric(column, errors='coerce'); {_LOST.format('numbers')}"
    if plain or any(map(str.isdigit, given)):
        return read
    code = f"column.replace({{{given[:20]!r}: its_number}})"  # the user has to say which
    return f"{read}; a word that is an answer gets its number before that: {code}"


def _hint(value: Any) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value.strip())
        return f"without quotes: {shown(plain[0], write=str)}" if plain else hint_for_text(value)
    if isinstance(value, (bool, np.bool_)):
        return "count the True values first, for example with flags.sum()"
    if isinstance(value, pd.DataFrame):
        return "on a DataFrame use the accessor: df.csm"
    if isinstance(value, (dict, set, frozenset)) or hasattr(type(value), "__next__"):
        return "make a list or an array of it first"
    return ""
