"""A few plots against the pictures of them, without their texts: those differ between versions of matplotlib."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure

from .test_plots import ORDINARY

PICTURES = ["retention in progress", "layers", "bridge", "movements", "over time", "forecast"]


@pytest.mark.parametrize("name", PICTURES, ids=[name.replace(" ", "_") for name in PICTURES])
@pytest.mark.mpl_image_compare(remove_text=True, tolerance=14, savefig_kwargs={"dpi": 50})
def test_picture(name: str) -> Any:
    figure = Figure(figsize=(5, 3.2))
    ax = ORDINARY[name](ax=figure.add_axes((0.1, 0.1, 0.85, 0.7)))
    for text in [*ax.texts, ax.get_legend()]:
        if text is not None:
            text.remove()
    ax.set(title="", xlabel="", ylabel="")
    ax.set_title("", loc="left")
    return figure
