"""From raw survey answers to the number of answers in each class, such as promoters and detractors."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics.cohorts._rows.options import OnBadRows, check_word
from csmetrics.cohorts._rows.totals import read
from csmetrics.core._answers import lowest_top, nps_cuts, rating_scale

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


def survey(
    responses: Any,
    *,
    score: str = "score",
    kind: Literal["nps", "csat", "ces"] = "nps",
    scale: tuple[int, int] | None = None,
    top: int | None = None,
    by: Any = None,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Count the answers to one survey question by class, such as promoters, passives and detractors.

    Parameters
    ----------
    responses
        One row per answer, or per person asked: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask,
        PySpark or Ibis, whose engine then does the counting.
    score
        The column of answers. Missing answers (None, NaN, pd.NA) count as invited, and nowhere else.
    kind
        ``"nps"`` (how likely to recommend), ``"csat"`` (how satisfied) or ``"ces"`` (how easy; high is easy).
    scale
        Lowest and highest possible answer: by default (0, 10) for nps, (1, 5) for csat, (1, 7) for ces. NPS can only
        be asked on (0, 10) or (1, 10).
    top
        For csat: how many of the highest answers count as satisfied. By default 2 on scales from four points up, and 1
        on two or three points, whose middle is neutral.
    by
        A column, or a list of columns, to count by. Rows without a key form a group of their own.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per group, indexed by the keys; without `by` a single row, ``"total"``. Counts are int64.

        * nps: `promoters` (9 and 10), `passives` (7 and 8), `detractors` (6 and below), `nps_responses` (all three),
          `nps_invited` (all rows).
        * csat: `satisfied` (the `top` highest answers of the scale), `csat_responses`, `csat_invited`.
        * ces: `effort_sum` (the sum of the answers: int64 for a column of integers, else float64), `easy` (above the
          middle of the scale: 5 to 7 of 7, 4 and 5 of 5), `difficult` (below the middle: 1 to 3 of 7), `ces_responses`,
          `ces_invited`.

    Raises
    ------
    MetricInputError
        If an answer is off the scale, infinite or not a number, if an answer is fractional (nps and csat; ces accepts
        fractions), or if an option is not one of its choices.
    MissingColumnError
        If the frame has no such column.

    See Also
    --------
    csmetrics.nps, csmetrics.nps_from_scores, csmetrics.csat, csmetrics.ces, csmetrics.ces_top_box

    Notes
    -----
    The totals are the inputs of `nps`, `csat`, `ces`, `ces_top_box`, `net_easy_score` and `response_rate`. Each kind of
    survey has responses of its own, so that frames of several kinds can be joined: `csat` takes `csat_responses` before
    a column `responses`. Totals add up over segments and time; scores do not.

    `response_rate` is that of the rows, so it is 100 where the rows are answers and not the people asked.

    `easy` counts the same answers as `ces_top_box` does on scales of 7 and of 5, and `difficult` is its mirror image
    below the middle. `net_easy_score` is therefore the SoluCX version, 5 to 7 against 1 to 3; for the CYS version, 6
    and 7 against 1 to 3, count the answers of 6 and 7 yourself. On a scale without a middle answer, every answer is
    either easy or difficult.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> answers = pd.DataFrame({"plan": ["pro", "pro", "pro", "free", "free"], "score": [10, 9, 3, 8, None]})
    >>> counts = csm.cohorts.survey(answers, by="plan")
    >>> counts
          promoters  passives  detractors  nps_responses  nps_invited
    plan
    free          0         1           0              1            2
    pro           2         0           1              3            3
    >>> counts.csm.nps()
    plan
    free     0.000000
    pro     33.333333
    Name: nps, dtype: float64
    >>> counts.csm.total().nps()
    25.0
    """
    check_word("survey", "kind", kind, tuple(_SCALES))
    given = _SCALES[kind] if scale is None else scale
    low, high = rating_scale(survey, given)
    lowest, highest = nps_cuts(survey, given)[1:] if kind == "nps" else (0, 0)
    satisfied = lowest_top(survey, (low, high), top) if kind == "csat" else 0

    def screened(rows: Any) -> Any:
        return rows.answers(score, "score", low, high, whole=kind != "ces")

    rows, answers = read("survey", responses, on_bad_rows, screened)
    answered = {f"{kind}_responses": answers >= low, f"{kind}_invited": rows.every()}
    if kind == "nps":
        between = (answers > highest) & (answers < lowest)
        classes = {"promoters": answers >= lowest, "passives": between, "detractors": answers <= highest}
        return rows.totals(by, classes | answered)
    if kind == "csat":
        return rows.totals(by, {"satisfied": answers >= satisfied} | answered)
    middle = 0.5 * (low + high)
    sides = {"easy": answers > middle, "difficult": answers < middle}
    out = rows.totals(by, {"effort_sum": answers} | sides | answered, amounts=["effort_sum"])
    if rows.whole(score):
        out["effort_sum"] = out["effort_sum"].astype(np.int64)
    return out
