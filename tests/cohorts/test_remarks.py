"""What travels beside a cohort frame: notes, and the rows that were left out."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import csmetrics as csm
from csmetrics.cohorts._rows.remarks import Excluded, Remarks, noted

from ..engine_frames import FRAMES

EVENTS = pd.DataFrame({"user": ["a", None, "b"], "time": pd.to_datetime(["2026-01-05", "2026-01-06", "2026-02-07"])})


@pytest.fixture
def reported() -> Any:
    return csm.cohorts.lifecycle(EVENTS, as_of="2026-02-28", on_bad_rows="report")


def test_json_holds_the_attributes(reported: Any) -> None:
    expected = {"notes": [], "excluded": {"rows": 1, "reasons": {"`user` is missing": 1}, "labels": [1]}}
    assert json.loads(json.dumps(reported.attrs)) == expected


def test_the_frame_goes_to_parquet_and_back(reported: Any, tmp_path: Path) -> None:
    flat = reported.reset_index(drop=True)
    assert flat.attrs == reported.attrs
    flat.to_parquet(tmp_path / "frame.parquet")
    again = pd.read_parquet(tmp_path / "frame.parquet")
    assert again.equals(flat)
    assert again.attrs == {"notes": [], "excluded": dict(reported.attrs["excluded"])}


def test_copies_share_the_left_out_rows(reported: Any) -> None:
    excluded = reported.attrs["excluded"]
    assert reported.copy().attrs["excluded"] is excluded
    assert copy.deepcopy(excluded) is excluded
    assert copy.copy(excluded) is excluded
    assert pickle.loads(pickle.dumps(excluded)) == excluded
    assert pickle.loads(pickle.dumps(excluded)).frame.equals(excluded.frame)


def test_the_left_out_rows_cannot_be_changed(reported: Any) -> None:
    excluded = reported.attrs["excluded"]
    for change in (
        lambda: excluded.update(rows=0),
        lambda: excluded.pop("rows"),
        lambda: excluded.clear(),
        lambda: excluded.setdefault("more", 1),
        lambda: excluded.__setitem__("rows", 0),
        lambda: excluded.__delitem__("rows"),
        lambda: setattr(excluded, "frame", None),
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert excluded["rows"] == 1


def test_frames_join_and_stack_as_without(reported: Any) -> None:
    assert reported.join(reported.add_suffix("_2")).shape == (2, 10)
    assert len(pd.concat([reported, reported])) == 4
    assert len(pd.concat([reported, csm.cohorts.lifecycle(EVENTS.dropna(), as_of="2026-02-28")])) == 4


def test_reasons_are_counted_and_labels_are_plain() -> None:
    frame = pd.DataFrame({"reason": ["x; y", "x"]}, index=pd.to_datetime(["2026-01-01", "2026-01-02"]))
    excluded = Excluded(frame, "reason")
    assert dict(excluded) == {
        "rows": 2,
        "reasons": {"x": 2, "y": 1},
        "labels": ["2026-01-01 00:00:00", "2026-01-02 00:00:00"],
    }


def test_a_note_is_told_once_and_warned_of_where_it_makes_figures_doubtful() -> None:
    remarks = Remarks()
    remarks.note("Ends touch the next start.", doubtful=True)
    remarks.note("Ends touch the next start.", doubtful=True)
    remarks.note("Two cohorts are still open.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        out = noted(pd.DataFrame(), remarks)
    assert out.attrs["notes"] == ["Ends touch the next start.", "Two cohorts are still open."]
    assert [(str(w.message), w.category) for w in caught] == [("Ends touch the next start.", csm.CohortWarning)]
    assert caught[0].filename == __file__


def test_a_grid_has_them_too() -> None:
    grid = csm.cohorts.retention(EVENTS, as_of="2026-02-28", on_bad_rows="report")
    assert grid.notes == []
    assert grid.excluded["rows"] == 1
    grid.attrs["notes"] = ["<b>"]
    assert repr(grid).endswith("Note: <b>\nLeft out: 1 row: 1 x `user` is missing")
    assert "<p>Note: &lt;b&gt;</p>" in grid._repr_html_()


@pytest.mark.parametrize("stray", ["2062-03-05 12:00", "1970-01-01"])
@pytest.mark.parametrize("engine", [False, True])
def test_a_date_far_from_all_others_is_doubted(stray: str, engine: bool) -> None:
    days = pd.date_range("2026-01-01", "2026-06-30")
    clean = pd.DataFrame({"user": range(len(days)), "time": days})
    events = pd.concat([clean, pd.DataFrame({"user": [1], "time": [pd.Timestamp(stray)]})], ignore_index=True)
    given: Any = pytest.importorskip("polars").from_pandas(events) if engine else events
    late = stray > "2026"
    said = "2026-06-30 and 2062-03-05" if late else "1970-01-01 and 2026-01-01"
    for count in (csm.cohorts.active_users, csm.cohorts.lifecycle, csm.cohorts.activity):
        with pytest.warns(csm.CohortWarning, match=f"No event lies between {said}.* may be wrong"):
            made = count(given, freq="D")
        notes = made.notes if isinstance(made, csm.cohorts.Activity) else made.attrs["notes"]
        assert len(notes) == 1
        assert ("as_of= leaves out" in notes[0]) == late
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        csm.cohorts.lifecycle(clean)
        if late:
            csm.cohorts.active_users(given, as_of="2026-06-30")
        back = clean.assign(time=clean["time"] + pd.Timedelta(days=500))
        csm.cohorts.active_users(pd.concat([clean, back]))  # so many came back that it is no slip


def test_ids_that_differ_in_blanks_only_are_noted() -> None:
    """Cut from a fixed-width export, bob's renewal stands under an id of its own: he is lost and somebody is new."""
    ledger = pd.DataFrame(
        {"customer": ["ann ", "bob", "bob "], "start": ["2026-01-05", "2026-01-06", "2026-02-06"], "mrr": [5, 7, 9]}
    )
    ledger = ledger.assign(start=pd.to_datetime(ledger["start"]), end=pd.to_datetime([None, "2026-02-06", None]))
    note = "Ids of `customer` differ in blanks only, such as 'bob' and 'bob '"
    for frame in (ledger, *(FRAMES[name](ledger) for name in ("polars", "duckdb"))):
        with pytest.warns(csm.CohortWarning, match=note):
            out = csm.cohorts.movements_from_subscriptions(frame, as_of="2026-02-28")
        assert (out["lost"].tolist(), out["new"].tolist()) == ([0, 1], [2, 1])
    around = ledger.assign(customer=[" bob", "bob\t", "ann"])
    with pytest.warns(csm.CohortWarning, match="differ in blanks only, such as ' bob' and"):
        csm.cohorts.movements_from_subscriptions(around, as_of="2026-02-28")
    padded = ledger.assign(customer=ledger["customer"].str.ljust(9))  # of one length, as a database may give them
    assert csm.cohorts.movements_from_subscriptions(padded, as_of="2026-02-28").attrs["notes"] == []
