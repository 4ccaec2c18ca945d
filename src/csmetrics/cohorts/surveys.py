"""From raw survey answers to the number of answers in each class, such as promoters and detractors."""

from __future__ import annotations

from math import nan
from typing import Any, Literal

import numpy as np
import pandas as pd

from csmetrics._frames.groups import group_sums
from csmetrics.cohorts._questions import UNWEIGHTED, read_questions
from csmetrics.cohorts._rows.one_each import one_each
from csmetrics.cohorts._rows.options import OnBadRows
from csmetrics.cohorts._rows.remarks import Remarks, noted
from csmetrics.cohorts._rows.totals import Unnamed, read
from csmetrics.core._options import check_flag, check_word
from csmetrics.errors import MetricInputError

_METRIC = "survey"
_TOP, _MANY = 10, 30  # the highest answer to the usual question of NPS; answers that are hardly ever all detractors
_SCORE = Unnamed("score")
_AMOUNTS = ("effort_sum", "effort_sum*effort_sum")  # what is added up and not counted


def survey(
    responses: Any,
    *,
    nps: Any = None,
    csat: Any = None,
    ces: Any = None,
    score: str = _SCORE,
    kind: Literal["nps", "csat", "ces"] = "nps",
    scale: tuple[int, int] | None = None,
    top: int | None = None,
    customer: str | None = None,
    keep: Literal["all", "first", "last"] = "all",
    weights: str | None = None,
    time: str | None = None,
    freq: str | None = None,
    as_of: Any = None,
    by: Any = None,
    squares: bool = False,
    on_bad_rows: OnBadRows = "raise",
) -> pd.DataFrame:
    """Count the answers to survey questions by class, such as promoters, passives and detractors.

    Parameters
    ----------
    responses
        One row per answer, or per person asked: a pandas DataFrame, or a frame of Polars, PyArrow, DuckDB, Dask,
        PySpark or Ibis, whose engine then does the counting.
    nps, csat, ces
        The columns of answers to "how likely are you to recommend us", "how satisfied are you" and "how easy was it"
        (high is easy): one, two or all three. Missing answers (None, NaN, pd.NA) count as invited, and nowhere else.
        Each is a column, or a mapping such as ``csat={"column": "rating", "scale": (1, 7), "top": 2}`` with these keys:

        * `column`, and `scale`: the lowest and the highest possible answer, by default (0, 10) for nps, (1, 5) for csat
          and (1, 7) for ces.
        * nps: `promoters`, the lowest answer of a promoter, and `detractors`, the highest of a detractor. They are 9
          and 6 on (0, 10) and (1, 10), and must be given for other scales.
        * csat: `top`, how many of the highest answers are satisfied: by default 2 from four points up, and 1 on two or
          three points, whose middle is neutral.
        * ces: `easy`, the lowest answer on the easy side, by default the first above the middle of the scale.
    score, kind, scale, top
        The short form for one question: ``survey(df, score="q1", kind="csat")`` is ``survey(df, csat="q1")``. The
        column is "score" by default.
    customer
        The column of those who were asked. Only `keep` needs it.
    keep
        ``"all"`` answers, or of each customer the ``"first"`` or the ``"last"`` (in each period, with a `freq`). Of
        answers at the same instant it is the lowest. Who did not answer counts once among those invited.
    weights
        A column with what each row counts, 0 or more, such as its revenue. Totals are then sums of weights. Each answer
        needs a weight; where the weight of a row without an answer is missing, `_invited` is NaN.
    time
        The column with the date of each row, which `freq`, `as_of` and `keep` need.
    freq
        Without it, all rows are counted together. With h, D, W, M, Q, Y or an anchored one such as "W-SAT", there is
        one row per complete period.
    as_of
        The last instant that the data covers: a date, datetime, Timestamp, Period or ISO text; a date, or midnight,
        means that whole day. By default the latest date in `time`. Later rows are left out.
    by
        A column, or a list of columns, to count by. Rows without a key form a group of their own.
    squares
        Whether to add sums of squares over the answers, which intervals of `ces` need where a row is no answer:
        `effort_sum*effort_sum`. With `weights`, all totals of answers have them, such as `promoters*promoters` (the sum
        of the squared weights of promoters), and the intervals of weighted scores follow from them.
    on_bad_rows
        ``"raise"`` an error, or ``"report"``: leave bad rows out and list them, with the reason, in
        ``.attrs["excluded"]``.

    Returns
    -------
    DataFrame
        One row per group, indexed by the keys; without `by` a single row, ``"total"``. With a `freq`, one row per
        complete period (level `period`) and group, also where nobody answered. Counts are int64.

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
    csmetrics.nps, csmetrics.nps_from_scores, csmetrics.csat, csmetrics.ces, csmetrics.ces_top_box,
    csmetrics.response_rate

    Notes
    -----
    The totals are the inputs of `nps`, `csat`, `ces`, `ces_top_box`, `net_easy_score` and `response_rate`. Each kind of
    survey has responses of its own, so that one frame can hold several kinds: `csat` takes `csat_responses` before a
    column `responses`. Totals add up over segments and time; scores do not.

    `response_rate` is that of the rows, so it is 100 where the rows are answers and not the people asked. With several
    kinds in the frame, name the one you mean: ``response_rate(responses="nps_responses", invited="nps_invited")``.

    `easy` counts the same answers as `ces_top_box` does on scales of 7 and of 5, and `difficult` is its mirror image
    below the middle. `net_easy_score` is therefore the SoluCX version, 5 to 7 against 1 to 3; the CYS version, 6 and 7
    against 1 to 3, is ``ces={"column": "score", "easy": 6}``. On a scale without a middle answer, every answer is
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

    Only the latest answer of each customer, in the same month:

    >>> answers = pd.DataFrame(
    ...     {
    ...         "who": ["ann", "ann", "bob"],
    ...         "score": [10, 3, 9],
    ...         "day": ["2026-03-02", "2026-03-20", "2026-03-05"],
    ...     }
    ... )
    >>> csm.cohorts.survey(answers).csm.total().nps()
    33.333333333333336
    >>> latest = csm.cohorts.survey(answers, customer="who", keep="last", time="day")
    >>> latest.csm.total().nps()
    0.0
    """
    questions = read_questions(survey, {"nps": nps, "csat": csat, "ces": ces}, score, kind, scale, top)
    keep = check_word(_METRIC, "keep", keep, ("all", "first", "last"))
    check_flag(_METRIC, "squares", squares)
    needs = {"customer": customer, "time": time} if keep != "all" else {"time": time}
    because = "keep" if keep != "all" else "freq" if freq is not None else "as_of" if as_of is not None else ""
    for argument, name in needs.items() if because else ():
        if name is None:
            rule = f"must name a column, as `{because}` is given"
            raise MetricInputError(_METRIC, argument, rule, "got None", f'for example {argument}="{argument}"')

    def screened(rows: Any) -> dict[str, Any]:
        rows.require(
            by, **{one.argument: one.column for one in questions}, weights=weights, customer=customer, time=time
        )
        found: dict[str, Any] = {"answers": [one.answers(rows) for one in questions]}
        if weights is not None:
            found["weights"] = rows.weights(weights, "weights", found["answers"])
        if customer is not None:
            found["customer"] = rows.units(customer, "customer")
        if time is not None:
            found["time"] = rows.times(time, "time")
        return found

    rows, found = read(_METRIC, responses, on_bad_rows, screened, freq)
    if time is not None:
        rows.end(as_of, {"time": found["time"]})
        if freq is not None or as_of is not None:
            rows.place(found["time"], "time")
    found = rows.only_counted(found, grouped=by is not None or keep != "all")
    weighing = found.get("weights")
    counted = []
    if keep == "all":
        columns: dict[str, Any] = {}
        for question, answers in zip(questions, found["answers"], strict=True):
            columns |= question.columns(rows, answers, weighing, squares)
        counted.append(rows.totals(by, columns, [*columns] if weights is not None else _AMOUNTS))
    else:
        for question, answers in zip(questions, found["answers"], strict=True):
            kept = one_each(rows, answers, weighing, found["customer"], found["time"], keep, by)
            columns = question.columns(kept[0], kept[1], kept[2], squares)
            counted.append(kept[0].totals(by, columns, [*columns] if weights is not None else _AMOUNTS))
    out = _joined(counted)
    if any(one.kind == "nps" and one.high == _TOP for one in questions):
        _note_low(out, rows.remarks)
    for question in questions:
        unknown = out.pop(f"{UNWEIGHTED} {question.kind}") if weights is not None else None
        if unknown is not None and unknown.any():
            out[f"{question.kind}_invited"] = out[f"{question.kind}_invited"].where(unknown == 0, nan)
        if question.kind == "ces" and rows.whole(question.column) and (weights is None or rows.whole(weights)):
            out["effort_sum"] = out["effort_sum"].astype(np.int64)
    if squares:
        names = [str(name) for name in out]
        products = [name for name in names if "*" in name]
        out = out[[name for name in names if "*" not in name] + products].astype(dict.fromkeys(products, np.float64))
    return noted(out, rows.remarks)


def _note_low(out: pd.DataFrame, remarks: Remarks) -> None:
    """Note that all of many answers are detractors: the question likely has fewer points."""
    low, others = out["detractors"].sum(), out["promoters"].sum() + out["passives"].sum()
    if low >= _MANY and not others:
        remarks.note(
            f"All {low:,.0f} answers are detractors, at most 6 on a scale that ends at {_TOP}. Of a question with five "
            'points: nps={"column": ..., "scale": (1, 5), "promoters": 5, "detractors": 3}.',
            doubtful=True,
        )


def _joined(counted: list[pd.DataFrame]) -> pd.DataFrame:
    """Put the totals of several questions side by side; a group that one of them does not have counts 0 there."""
    if all(one.index.equals(counted[0].index) for one in counted):
        return pd.concat(counted, axis=1)
    names = [name for one in counted for name in one]
    out = pd.concat([one.reindex(columns=names, fill_value=0) for one in counted])
    keys = [pd.Series(out.index.get_level_values(i), name=name) for i, name in enumerate(out.index.names)]
    index, sums = group_sums(keys, {name: out[name].to_numpy() for name in names})
    return pd.DataFrame(sums.totals, index=index)
