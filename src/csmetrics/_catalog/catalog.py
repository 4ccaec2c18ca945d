"""`csm.catalog`: all metrics by name, with a search and an export as one document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from csmetrics._catalog import display
from csmetrics._catalog.search import LONGEST, search, tokens
from csmetrics._catalog.spec import MetricSpec, metric_spec
from csmetrics.core._plain import plain
from csmetrics.core._registry import REGISTRY, nearest
from csmetrics.errors import MetricInputError, shown


class Found(list[MetricSpec]):
    """The metrics that a search found: a list, which a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return display.several(self) if self else "<p>Nothing found.</p>"


class Catalog(Mapping[str, MetricSpec]):
    """All metrics by name. Iterating yields the names; `find` searches by the words and questions of people.

    Examples
    --------
    >>> import csmetrics as csm
    >>> csm.catalog["churn_rate"].unit
    'percent'
    >>> [spec.name for spec in csm.catalog.find("logo churn", limit=1)]
    ['churn_rate']
    """

    def __getitem__(self, name: str) -> MetricSpec:
        if name not in self:
            raise KeyError(f"no metric {shown(name)}; {nearest(name)}")
        return metric_spec(REGISTRY[plain(name)])

    def __iter__(self) -> Iterator[str]:
        return iter(REGISTRY)

    def __len__(self) -> int:
        return len(REGISTRY)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and plain(name) in REGISTRY

    def __repr__(self) -> str:
        return f"<csmetrics catalog: {len(self)} metrics>"

    def _repr_html_(self) -> str:
        """Show the metrics in a notebook, by family."""
        return display.every(self.values())

    def _ipython_key_completions_(self) -> list[str]:
        """List what ``csm.catalog["`` is completed with in IPython and Jupyter."""
        return list(self)

    def find(self, words: str, *, limit: int = 5) -> list[MetricSpec]:
        """Find metrics by name, by other words that people use for them, or by the question that they answer.

        Parameters
        ----------
        words
            The words to search for, or a question such as "are customers happy"; case, punctuation and small
            misspellings do not matter.
        limit
            The largest number of metrics to return, 1 or more.

        Returns
        -------
        list of MetricSpec
            The best match first; an empty list if nothing is similar.

        Raises
        ------
        MetricInputError
            If `words` is not text or is empty, or if `limit` is not a whole number of 1 or more.

        Examples
        --------
        >>> import csmetrics as csm
        >>> [spec.name for spec in csm.catalog.find("NDR", limit=1)]
        ['nrr']
        >>> [spec.name for spec in csm.catalog.find("are customers happy?", limit=2)]
        ['csat', 'nps']
        """
        if not isinstance(words, str) or not tokens(words[:LONGEST]):
            raise MetricInputError("catalog.find", "words", "must be text to look for", f"got {shown(words)}")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            rule = "must be a whole number of 1 or more"
            raise MetricInputError("catalog.find", "limit", rule, f"got {shown(limit)}")
        return Found(self[name] for name in search(words[:LONGEST], REGISTRY.values())[:limit])

    def to_json(self, *, indent: int | None = None) -> str:
        """Write the whole catalogue as one JSON document, to check implementations in other languages against.

        Parameters
        ----------
        indent
            Number of spaces to indent by. By default everything is on one line.

        Returns
        -------
        str
            An object with ``schema_version``, ``library``, ``version`` and ``metrics``. Each metric has an id, a hash
            of its definition, inputs, formula, laws, rival definitions, sources, and cases with their results. A
            missing value is null. The hash changes with the definition and never with its wording, and a formula
            never changes under its name.

        See Also
        --------
        json_schema

        Examples
        --------
        >>> import json
        >>> import csmetrics as csm
        >>> churn = json.loads(csm.catalog.to_json())["metrics"][0]
        >>> churn["id"], churn["formula_text"]
        ('csmetrics:churn_rate', 'churn rate = lost / start × 100')
        >>> [case["expected"] for case in churn["cases"] if case["law"] == "undefined"]
        [None]
        """
        from csmetrics._catalog.document import document

        return document().model_dump_json(indent=indent)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the document that `to_json` writes.

        Returns
        -------
        dict
            JSON Schema, draft 2020-12.

        Examples
        --------
        >>> import csmetrics as csm
        >>> csm.catalog.json_schema()["required"]
        ['schema_version', 'library', 'version', 'metrics']
        """
        from csmetrics._catalog.document import Document

        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}


catalog = Catalog()
