"""Verify somebody's own formulas: worked cases, laws, and a report that says in words what is wrong.

``cases()`` are the worked examples for ``pytest.mark.parametrize``, ``read_cases(path)`` those of a file.
``verify(function, metric)`` and ``verify_frame(frame, metric)`` check an implementation; ``assert_verified`` does so
in a test. ``csmetrics.testing.strategies`` has hypothesis strategies of valid inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csmetrics.core._surface import surface
from csmetrics.testing._cases import Case, cases, read_cases
from csmetrics.testing._report import Check, Verification
from csmetrics.testing._verify import Metric, verify
from csmetrics.testing._verify_frame import verify_frame

__all__ = ["Case", "Check", "Verification", "assert_verified", "cases", "read_cases", "verify", "verify_frame"]


if not TYPE_CHECKING:
    __getattr__, __dir__ = surface(__name__, __all__, rooms=["strategies"])  # which needs hypothesis


def assert_verified(subject: Any, metric: Metric, /, **options: Any) -> None:
    """Fail with the whole report unless a function or a table is right; for tests.

    Parameters
    ----------
    subject
        A function, as for `verify`, or a table, as for `verify_frame`.
    metric
        The metric, or its name.
    **options
        What `verify` or `verify_frame` takes.

    Raises
    ------
    AssertionError
        If anything fails; the message is the report.

    Examples
    --------
    >>> from csmetrics.testing import assert_verified
    >>> assert_verified(lambda lost, start: 100 * lost / start, "churn_rate")
    """
    __tracebackhide__ = True
    found = verify(subject, metric, **options) if callable(subject) else verify_frame(subject, metric, **options)
    if not found.ok:
        raise AssertionError(str(found))
