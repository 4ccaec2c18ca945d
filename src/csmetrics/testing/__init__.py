"""Check your own formulas against csmetrics: worked cases, laws, and a report that says in words what is wrong.

``cases()`` lists the worked examples for ``pytest.mark.parametrize``, ``read_cases(path)`` reads cases from a file.
``verify(function, metric)`` checks a function and ``verify_frame(frame, metric)`` a table of results;
``assert_verified`` does either in a test. ``csmetrics.testing.strategies`` has hypothesis strategies that draw inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from csmetrics.core._surface import surface
from csmetrics.testing._case_files import read_cases
from csmetrics.testing._cases import Case, cases
from csmetrics.testing._report import Check, Verification
from csmetrics.testing._verify import Metric, verify
from csmetrics.testing._verify_frame import verify_frame

__all__ = ["Case", "Check", "Verification", "assert_verified", "cases", "read_cases", "verify", "verify_frame"]


if not TYPE_CHECKING:
    __getattr__, __dir__ = surface(__name__, __all__, rooms=["strategies"])  # which needs hypothesis


def assert_verified(subject: Any, metric: Metric, /, **options: Any) -> None:
    """Check a function or a table in a test, which fails with the whole report if anything is wrong.

    Parameters
    ----------
    subject
        A function, as for `verify`, or a table, as for `verify_frame`.
    metric
        The metric, or its name.
    **options
        Keyword arguments of `verify` or `verify_frame`.

    Raises
    ------
    AssertionError
        If any check fails; the message is the report.

    Examples
    --------
    >>> from csmetrics.testing import assert_verified
    >>> assert_verified(lambda lost, start: 100 * lost / start, "churn_rate")
    """
    __tracebackhide__ = True
    found = verify(subject, metric, **options) if callable(subject) else verify_frame(subject, metric, **options)
    if not found.ok:
        raise AssertionError(str(found))
