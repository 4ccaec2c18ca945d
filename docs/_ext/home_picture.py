"""The picture that the README and the site open with: ``python docs/_ext/home_picture.py`` draws it.

It shows what the code beside it makes of the made-up company, once for light pages and once for dark ones.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

import csmetrics as csm

STATIC = Path(__file__).parents[1] / "_static"
STYLES = {"light": "default", "dark": "dark_background"}


def draw(style: str, file: Path) -> None:
    """Draw net revenue retention over what came and went, on a transparent ground."""
    import matplotlib.pyplot as plt

    company = csm.datasets.make_saas()
    ledger = company.subscriptions.eval("mrr = mrr / 100")
    months = csm.cohorts.movements_from_subscriptions(ledger, as_of="2026-06-30").tail(12)
    with plt.style.context(style), mpl.rc_context({"svg.hashsalt": "csmetrics", "font.size": 10.5}):
        figure, (above, below) = plt.subplots(2, 1, figsize=(6.6, 5), layout="constrained")
        months.csm.plot.over_time("churn_rate", target=2, ax=above)
        months.csm.plot.movements(ax=below)
        figure.savefig(file, transparent=True, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    mpl.use("Agg")
    for name, style in STYLES.items():
        draw(style, STATIC / f"home-{name}.svg")
