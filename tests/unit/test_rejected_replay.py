"""``spotter rejected replay``: what an earlier version could not read and this one can."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from app_fakes import set_event

from pipeline.log.base import Logged
from pipeline.record import unpack_items
from pipeline.sources.columns import Decoded
from pipeline.sources.problems import Problem
from pipeline.sources.rows import Item, RowBuilder

Spotter = Callable[..., tuple[int, str, str]]


def knows_nothing(batch: Sequence[Logged]) -> Decoded:
    """A version that can read none of these."""
    builder = RowBuilder()
    for place, logged in enumerate(batch):
        for index in unpack_items(logged.record.items):
            item = Item(place, index, logged.record.athlete, "bar")
            builder.reject(item, Problem("unknown_field", "x", "this version does not know it"), "…")
    return builder.finish()


@pytest.fixture
def sent(spotter: Spotter, tmp_path: Path) -> None:
    """Two uploads to a version that knows nothing, then one with an item that no version takes."""

    def send(*events: object) -> None:
        path = tmp_path / "events.ndjson"
        path.write_text("\n".join(map(json.dumps, events)) + "\n")
        spotter("ingest", str(path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.worker.handover.decode_batch", knows_nothing)
        patch.setattr("pipeline.worker.handover.Handover.put", lambda *_: None)
        send(set_event("d1", set_index=1), set_event("d2", set_index=2))
        send(set_event("d3", set_index=3))
    send(set_event("d4", set_index=4), set_event("bad", reps=-1))


def sets(spotter: Spotter) -> list[int]:
    out = spotter("sql", "select set_index from set_fact order by 1", "--format", "json")[1]
    return [row["set_index"] for row in json.loads(out)]


def test_what_can_be_read_now_is_taken_and_the_rest_stays(spotter: Spotter, sent: None) -> None:
    assert sets(spotter) == [4]
    code, out, _ = spotter("rejected", "replay", "--check")
    assert (code, out.splitlines()[0]) == (0, "4 rejected items read again: 3 can be taken, 1 cannot")
    assert sets(spotter) == [4]
    upload = json.loads(spotter("rejected", "list", "--json")[1])[-1]["upload_id"]
    found = json.loads(spotter("rejected", "replay", upload, "--check", "--json")[1])
    assert found["counts"] == {"taken": 2, "rejected": 0, "not tried": 0} and not found["rebuilt"]

    assert json.loads(spotter("rejected", "replay", "--json")[1])["rebuilt"]
    assert sets(spotter) == [1, 2, 3, 4]
    assert [row["field"] for row in json.loads(spotter("rejected", "list", "--json")[1])] == ["reps"]
    code, out, _ = spotter("rejected", "replay")
    assert out.splitlines() == ["1 rejected item read again: 0 can be taken, 1 cannot", "nothing is changed"]


def test_an_upload_without_rejected_items_is_refused(spotter: Spotter, sent: None) -> None:
    code, out, err = spotter("rejected", "replay", "nosuch", "--check")
    assert (code, out) == (1, "")
    assert "nothing of 'nosuch' was rejected" in err
    assert "no upload of this gym has that id" in err and "`spotter rejected list`" in err


def test_without_rejected_items_there_is_nothing_to_do(spotter: Spotter, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(json.dumps(set_event()) + "\n")
    spotter("ingest", str(path))
    assert spotter("rejected", "replay")[1] == "nothing was rejected\n"
