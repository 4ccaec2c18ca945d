"""The retention triangle: cohorts down, ages across, and in each cell the retention known by the end of the data."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd

from csmetrics.core._door import Door
from csmetrics.core._numeric import percents
from csmetrics.errors import MetricInputError

STATES: Final = ("observed", "in progress", "future")
_SHOWN = 24  # cohorts and ages that a repr shows
_PLAIN = "text-align:right;white-space:nowrap;padding:.2em .5em"
_LABEL = "text-align:left;white-space:nowrap;padding:.2em .5em"
_WHITE_FROM = 70  # percent above which a cell's blue is dark enough for white text


class RetentionGrid:
    """Retained users of each cohort by age, the result of `csmetrics.cohorts.retention`.

    Attributes
    ----------
    sizes : Series
        Users of each cohort; with ``value=`` their amounts at age 0. For a cohort whose period still runs, the users
        so far.
    members : Series
        Users of each cohort, always.
    counts : DataFrame
        Cohort by age: users (or amounts) retained; <NA> in every cell that is not observed yet.
    state : DataFrame
        Cohort by age: "observed", "in progress" or "future".
    kind : str
        "on", "on_or_after" or "on_or_before".
    attrs : dict
        ``attrs["notes"]``: what a reader should know. ``attrs["excluded"]``: the bad rows that were left out, where
        ``on_bad_rows="report"`` was asked for. `notes` and `excluded` are the same.

    Examples
    --------
    >>> import pandas as pd
    >>> import csmetrics as csm
    >>> events = pd.DataFrame(
    ...     {
    ...         "user": ["ann", "bob", "ann", "cid", "bob"],
    ...         "time": pd.to_datetime(["2026-01-05", "2026-01-20", "2026-02-03", "2026-02-10", "2026-03-01"]),
    ...     }
    ... )
    >>> grid = csm.cohorts.retention(events, as_of="2026-03-31")
    >>> grid
    RetentionGrid (on, M): percent of each cohort; blank where not observed or without a base
             size      0     1     2
    cohort
    2026-01     2  100.0  50.0  50.0
    2026-02     1  100.0   0.0
    2026-03     0
    >>> grid.counts[1]
    cohort
    2026-01       1
    2026-02       0
    2026-03    <NA>
    Freq: M, Name: 1, dtype: Int64
    >>> grid.pooled()
    age
    0    100.000000
    1     33.333333
    2     50.000000
    Name: pooled, dtype: float64
    """

    plot = Door("retention", "curves", "layers")

    def __init__(
        self, sizes: pd.Series[Any], members: pd.Series[Any], counts: pd.DataFrame, codes: Any, kind: str, freq: str
    ) -> None:
        self.sizes = sizes
        self.members = members
        self._amounts = sizes.name != "size" or not sizes.equals(members)
        self.counts = counts
        self.kind = kind
        self._freq = freq
        self._codes = codes
        self.attrs: dict[str, Any] = {}

    @property
    def notes(self) -> list[str]:
        """What a reader of the figures should know, in sentences."""
        return list(self.attrs.get("notes", []))

    @property
    def excluded(self) -> Any:
        """The bad rows that were left out: how many and why, with the rows in ``.frame``; None if not asked for."""
        return self.attrs.get("excluded")

    @property
    def state(self) -> pd.DataFrame:
        """The state of each cell: observed, in progress or still in the future."""
        words = np.array(STATES, dtype=object)[self._codes]
        return pd.DataFrame(words, index=self.counts.index, columns=self.counts.columns)

    def rates(self) -> pd.DataFrame:
        """Return the percent of each cohort that was retained; NaN in unobserved cells and in cohorts of size 0.

        Returns
        -------
        DataFrame
            Cohort by age, float64.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> events = pd.DataFrame(
        ...     {"user": [1, 2, 1], "time": pd.to_datetime(["2026-01-05", "2026-01-09", "2026-02-01"])}
        ... )
        >>> csm.cohorts.retention(events, as_of="2026-02-28").rates()
        age          0     1
        cohort
        2026-01  100.0  50.0
        2026-02    NaN   NaN
        """
        values = percents(self._known(), np.asarray(self.sizes, dtype=np.float64)[:, None])
        return pd.DataFrame(values, index=self.counts.index, columns=self.counts.columns)

    def pooled(self) -> Any:
        """Return the retention of all cohorts together: users retained as a percent of the users in their cohorts.

        Each age counts only the cohorts that are old enough for it. This is not the mean of the cohorts' rates, in
        which a cohort of ten would weigh as much as one of a thousand.

        Returns
        -------
        Series or DataFrame
            Percent by age; with ``by=``, one row per group. NaN at ages where no cohort is observed.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> events = pd.DataFrame(
        ...     {"user": [1, 2, 1], "time": pd.to_datetime(["2026-01-05", "2026-01-09", "2026-02-01"])}
        ... )
        >>> csm.cohorts.retention(events, as_of="2026-02-28").pooled()
        age
        0    100.0
        1     50.0
        Name: pooled, dtype: float64
        """
        known = self._known()
        base = np.where(np.isnan(known), 0.0, np.asarray(self.sizes, dtype=np.float64)[:, None])
        found = np.where(np.isnan(known), 0.0, known)
        index: Any = self.counts.index
        if index.nlevels == 1:
            return pd.Series(percents(found.sum(axis=0), base.sum(axis=0)), index=self.counts.columns, name="pooled")
        cohorts = len(index.levels[0]) and len(index.get_level_values(0).unique())
        groups = len(index) // cohorts if cohorts else 0
        shape = (cohorts, groups, known.shape[1])
        values = percents(found.reshape(shape).sum(axis=0), base.reshape(shape).sum(axis=0))
        return pd.DataFrame(values, index=index[:groups].droplevel(0), columns=self.counts.columns)

    def cumulative(self) -> pd.DataFrame:
        """Return the amounts up to each age per member of the cohort: with revenue as `value`, what a user has paid.

        The first age at which it passes what a user has cost is the payback age.

        Returns
        -------
        DataFrame
            Cohort by age, float64; NaN in unobserved cells and in cohorts without members.

        Raises
        ------
        MetricInputError
            If the grid counts users, not a `value`, or is not of ``kind="on"``.

        Examples
        --------
        >>> import pandas as pd
        >>> import csmetrics as csm
        >>> paid = pd.DataFrame(
        ...     {
        ...         "user": [1, 2, 1, 2],
        ...         "time": pd.to_datetime(["2026-01-05", "2026-01-09", "2026-02-01", "2026-03-01"]),
        ...         "amount": [30, 10, 20, 40],
        ...     }
        ... )
        >>> each = csm.cohorts.retention(paid, value="amount", as_of="2026-03-31").cumulative()
        >>> each
        age         0     1     2
        cohort
        2026-01  20.0  30.0  50.0
        2026-02   NaN   NaN   NaN
        2026-03   NaN   NaN   NaN
        >>> (each >= 25).loc["2026-01"].idxmax()  # the payback age of a cost of 25 per user
        1
        """
        if not self._amounts or self.kind != "on":
            found = f"got a grid of kind={self.kind!r}" + ("" if self._amounts else " that counts users")
            rule, hint = "must be added up, with kind='on'", "retention(..., value='amount')"
            raise MetricInputError("cumulative", "value", rule, found, hint)
        per = percents(self._known().cumsum(axis=1), 100 * np.asarray(self.members, dtype=np.float64)[:, None])
        return pd.DataFrame(per, index=self.counts.index, columns=self.counts.columns)

    def _known(self) -> Any:
        return self.counts.to_numpy(dtype=np.float64, na_value=np.nan)

    def _table(self) -> pd.DataFrame:
        table = self.rates()
        table.insert(0, "size", self.sizes)
        table.columns.name = None
        return table

    def _title(self) -> str:
        what = "percent of each cohort" if self.sizes.name == "size" else f"percent of each cohort's {self.sizes.name}"
        return f"RetentionGrid ({self.kind}, {self._freq}): {what}; blank where not observed or without a base"

    def __repr__(self) -> str:
        if not len(self.counts):
            return "\n".join([f"RetentionGrid ({self.kind}, {self._freq}): no cohorts", *self._told()])
        table = self._table()
        text = table.iloc[:_SHOWN, : _SHOWN + 1].to_string(float_format="{:.1f}".format, na_rep="")
        lines = [self._title(), *(line.rstrip() for line in text.splitlines())]
        more = [
            f"{n} {what}"
            for n, what in zip(np.subtract(table.shape, (_SHOWN, _SHOWN + 1)), ("cohorts", "ages"), strict=True)
            if n > 0
        ]
        return "\n".join([*lines, *([f"... and {' and '.join(more)} more"] if more else []), *self._told()])

    def _told(self) -> list[str]:
        """Return the notes, and how many bad rows were left out and why, a line each."""
        told = [f"Note: {note}" for note in self.notes]
        if self.excluded:
            rows = "1 row" if self.excluded["rows"] == 1 else f"{self.excluded['rows']:,} rows"
            reasons = ", ".join(f"{count:,} x {reason}" for reason, count in self.excluded["reasons"].items())
            told += [f"Left out: {rows}: {reasons}"] if reasons else []
        return told

    def _repr_html_(self) -> str:
        """Return an HTML table whose cells are shaded by their percentage, and blank where nothing is known yet."""
        if not len(self.counts):
            return "".join(f"<p>{escape(line)}</p>" for line in repr(self).splitlines())
        rates, codes = self.rates().iloc[:_SHOWN, :_SHOWN], self._codes
        names = [str(name) for name in rates.index.names]
        head = "".join(
            f'<th style="{_PLAIN}">{escape(name)}</th>' for name in [*names, "size", *map(str, rates.columns)]
        )
        rows = []
        for i, (label, values) in enumerate(zip(rates.index, rates.to_numpy(), strict=True)):
            labels = label if isinstance(label, tuple) else (label,)
            cells = [f'<th style="{_LABEL}">{escape(str(part))}</th>' for part in labels]
            cells.append(f'<td style="{_PLAIN}">{self.sizes.iloc[i]:,}</td>')
            cells += [_cell(value, int(codes[i, j])) for j, value in enumerate(values)]
            rows.append(f"<tr>{''.join(cells)}</tr>")
        more = (
            ""
            if rates.shape == self.counts.shape
            else f"<p>{self.counts.shape[0]} cohorts, {self.counts.shape[1]} ages in all</p>"
        )
        caption = f"<caption>{escape(self._title())}</caption>"
        told = "".join(f"<p>{escape(line)}</p>" for line in self._told())
        style = "border-collapse:collapse;table-layout:auto"
        body = f"{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
        return f'<div style="overflow-x:auto"><table style="{style}">{body}</table></div>{more}{told}'


def _cell(value: float, code: int) -> str:
    if value != value:
        return f'<td title="{STATES[code] if code else "no base"}"></td>'
    background, color = _shade(min(max(value, 0.0), 100.0))
    return f'<td style="{_PLAIN};background:{background};color:{color}">{value:.1f}&#8239;%</td>'


def _shade(percent: float) -> tuple[str, str]:
    """Return the background and the text of a cell, both opaque, so that the page behind, light or dark, is no matter.

    The darker blues take white text and the lighter ones black: at least 4.5 to 1, as WCAG asks for.
    """
    light, dark = (222, 235, 247), (8, 69, 148)
    mixed = [round(a + (b - a) * 0.01 * percent) for a, b in zip(light, dark, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed), "#fff" if percent > _WHITE_FROM else "#000"
