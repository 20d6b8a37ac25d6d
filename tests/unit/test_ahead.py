"""What is decoded ahead gives the columns that decoding gives, and a process that died over it does not do it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from service_events import RECEIVED, a_set

from pipeline.gateway.accept import accept_events
from pipeline.log.base import Batch, Logged
from pipeline.sources.columns import Decoded
from pipeline.worker import ahead, handover
from pipeline.worker.ahead import Ahead
from pipeline.worker.apply import decode_batch


def logged(count: int) -> Batch:
    found: list[Logged] = []
    for number in range(count):
        body = json.dumps(a_set(f"d{number}", reps=number + 1)).encode()
        taken = accept_events(body, tenant="home", upload_id=f"u{number}", received_at=RECEIVED)
        found += [Logged(number, record) for record in taken.records]
    return Batch.of(found)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    """Who decoded which offsets."""
    calls: list[tuple[str, list[int]]] = []
    for module in (ahead, handover):

        def noted(batch: Batch, name: str = module.__name__.rpartition(".")[2]) -> Decoded:
            calls.append((name, [one.offset for one in batch]))
            return decode_batch(batch)

        monkeypatch.setattr(module, "decode_batch", noted)
    return calls


def test_what_was_decoded_ahead_is_not_decoded_again(tmp_path: Path, decoded: list[tuple[str, list[int]]]) -> None:
    batch, one = logged(9), Ahead(tmp_path / "mark")
    one.decode(batch[:3])
    one.decode(batch[3:5])
    one.decode(batch[:0])
    columns = one.columns_of(batch)
    assert decoded == [("ahead", [0, 1, 2]), ("ahead", [3, 4]), ("handover", [5, 6, 7, 8])]
    plain = decode_batch(batch)
    for mine, theirs in ((columns.documents, plain.documents), (columns.sets, plain.sets)):
        assert mine.sort_by("doc_row" if "doc_row" in mine.column_names else "record").equals(theirs)


def test_a_process_that_died_reads_nothing_ahead_until_it_is_past_that(
    tmp_path: Path, decoded: list[tuple[str, list[int]]]
) -> None:
    batch = logged(8)
    Ahead(tmp_path / "mark").decode(batch[:4])  # and the process dies
    decoded.clear()
    one = Ahead(tmp_path / "mark")
    one.decode(batch[:4])
    assert decoded == []
    one.columns_of(batch[:4])
    one.decode(batch[4:])
    assert decoded == [("handover", [0, 1, 2, 3]), ("ahead", [4, 5, 6, 7])]
    one.close()
    Ahead(tmp_path / "mark").decode(batch[:4])
    assert decoded[-1] == ("ahead", [0, 1, 2, 3])


def test_a_mark_that_cannot_be_read_forbids_it(tmp_path: Path, decoded: list[tuple[str, list[int]]]) -> None:
    (tmp_path / "mark").write_text("?")
    Ahead(tmp_path / "mark").decode(logged(2))
    assert decoded == []


def test_what_cannot_be_decoded_is_left_to_whoever_applies_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(batch: Batch) -> Decoded:
        raise RecursionError

    one = Ahead(tmp_path / "mark")
    monkeypatch.setattr(ahead, "decode_batch", fails)
    one.decode(logged(2))
    assert one.columns_of(logged(2)).documents.num_rows == 2
