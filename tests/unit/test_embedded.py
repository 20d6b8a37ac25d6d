"""The owner of a data folder: locks, damage, crashes, poison, withdrawals, zones."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from service_events import RECEIVED, a_set, rows, send

from pipeline.clock import FixedClock
from pipeline.errors import BusyError, GapError, StorageError
from pipeline.log.base import Batch, Logged
from pipeline.record import Header, Record, pack_items
from pipeline.worker.apply import apply_batch
from pipeline.worker.embedded import SHARD_NAME, Embedded
from pipeline.worker.fresh import fresh_snapshot
from pipeline.worker.poison import DEATHS_MAX, Attempts

SESSION = [
    a_set(
        f"d{i}",
        set_index=i + 1,
        performed_at=f"2026-11-20T18:{i:02d}:00+01:00",
        effort={"scale": "rir", "value": i % 3},
    )
    for i in range(6)
]
DAY = "select sets, failure_sets, volume_load_kg from athlete_day where sets > 0"


def open_service(path: Path) -> Embedded:
    return Embedded.open(path, FixedClock(RECEIVED))


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    with pytest.raises(BusyError) as refused:
        open_service(tmp_path)
    assert "stop that process" in str(refused.value)
    service.close()
    open_service(tmp_path).close()


def test_what_the_log_holds_is_applied_at_the_next_start(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, SESSION, apply=False)
    service.close()
    service = open_service(tmp_path)
    service.apply_all()
    assert rows(service, DAY) == [(6, 2, 3840.0)]
    service.close()


@pytest.mark.parametrize("damage", ["removed", "overwritten", "cut", "wal_garbage"])
def test_a_damaged_or_missing_shard_is_put_aside_and_rebuilt(tmp_path: Path, damage: str) -> None:
    service = open_service(tmp_path)
    send(service, SESSION)
    before = {
        view: rows(service, f"select * from {view} order by all") for view in ("set_fact", "athlete_day", "alert")
    }
    service.close()
    shard = tmp_path / SHARD_NAME
    if damage == "removed":
        shard.unlink()
    elif damage == "overwritten":
        content = bytearray(shard.read_bytes())
        content[4096 : 4096 + 8192] = b"\xa5" * 8192
        shard.write_bytes(content)
    elif damage == "cut":
        shard.write_bytes(shard.read_bytes()[:5000])
    else:
        Path(f"{shard}.wal").write_bytes(b"\x01" * 4096)
    service = open_service(tmp_path)
    service.apply_all()
    after = {view: rows(service, f"select * from {view} order by all") for view in before}
    assert after == before
    assert service.check() == []
    if damage in ("overwritten", "cut"):  # a WAL of garbage is no commit: DuckDB opens the file as it was checkpointed
        assert list(tmp_path.glob(f"{SHARD_NAME}.corrupt-*"))
    service.close()


HEADERS_BYTES, BLOCK_BYTES = 3 * 4096, 256 << 10  # of a DuckDB file


def spoil(shard: Path, block: int) -> None:
    """Damage a block behind its checksum."""
    with shard.open("r+b") as file:
        file.seek(HEADERS_BYTES + block * BLOCK_BYTES + 8)
        held = file.read(BLOCK_BYTES - 8)
        file.seek(HEADERS_BYTES + block * BLOCK_BYTES + 8)
        file.write(bytes(byte ^ 0xFF for byte in held))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.99])
def test_damage_in_a_block_that_opening_does_not_read_is_found_after_a_kill(tmp_path: Path, share: float) -> None:
    service = open_service(tmp_path)
    send(service, SESSION)
    before = {view: rows(service, f"select * from {view} order by all") for view in ("set_fact", "athlete_day")}
    service.close()
    shard, opened = tmp_path / SHARD_NAME, tmp_path / "shard-0.opened"
    assert not opened.exists()
    opened.touch()  # as a process leaves it that was killed
    spoil(shard, int((shard.stat().st_size - HEADERS_BYTES) // BLOCK_BYTES * share))
    duckdb.connect(str(shard), read_only=True).close()  # nothing is noticed here
    service = open_service(tmp_path)
    assert opened.exists() and list(tmp_path.glob(f"{SHARD_NAME}.corrupt-*"))
    service.apply_all()
    assert {view: rows(service, f"select * from {view} order by all") for view in before} == before
    service.close()
    assert not opened.exists()


def test_a_batch_that_met_what_may_be_damage_has_the_shard_read_whole_at_the_next_start(tmp_path: Path) -> None:
    def fault(point: str) -> None:
        if point == "inside:4":
            raise duckdb.IOException("Corrupt database file: computed checksum 1 does not match stored checksum 2")

    opened = tmp_path / "shard-0.opened"
    service = Embedded.open(tmp_path, FixedClock(RECEIVED), fault=fault)
    with pytest.raises(StorageError):
        send(service, SESSION)
    service.close()
    assert opened.exists()
    service = open_service(tmp_path)
    service.apply_all()
    assert rows(service, DAY) == [(6, 2, 3840.0)]
    service.close()
    assert not opened.exists()


def test_a_log_that_was_lost_is_not_replaced_in_silence(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, SESSION)
    service.close()
    for name in ("log.sqlite", "log.sqlite-wal", "log.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises(StorageError) as refused:
        open_service(tmp_path)
    assert "restore log.sqlite from a backup" in str(refused.value)
    assert (tmp_path / SHARD_NAME).exists()
    (tmp_path / SHARD_NAME).rename(tmp_path / "away")
    service = open_service(tmp_path)
    assert rows(service, "select count(*) from set_fact") == [(0,)]
    service.close()


class Stop(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(1, 7))
@pytest.mark.parametrize("place", ["before", "inside", "after"])
def test_invariant_I3_the_ledger_moves_with_the_data_or_not_at_all(tmp_path: Path, step: int, place: str) -> None:
    wanted = f"{place}:{step}"

    def fault(point: str) -> None:
        if point == wanted:
            raise Stop(point)

    service = Embedded.open(tmp_path, FixedClock(RECEIVED), fault=fault)
    with pytest.raises(Stop):
        send(service, SESSION)
    state = (rows(service, "select next_offset from ledger"), rows(service, "select count(*) from set_fact"))
    assert state in (([(0,)], [(0,)]), ([(1,)], [(6,)]))
    assert (state[0] == [(1,)]) == (wanted == "after:6")
    service.close()
    service = open_service(tmp_path)
    service.apply_all()
    assert rows(service, DAY) == [(6, 2, 3840.0)]
    assert service.check() == []
    service.close()


def test_a_replay_is_dropped_and_a_hole_stops_the_worker(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, SESSION)
    first = service.log.read(0, 0, items_max=100, bytes_max=1 << 20)
    assert apply_batch(service._engine, first) == 1
    assert rows(service, "select items, current from ledger") == [(6, 6)]
    with pytest.raises(GapError) as hole:
        apply_batch(service._engine, [Logged(5, first[0].record)])
    assert "offset 1 is missing" in str(hole.value)
    service.close()


def test_a_withdrawn_import_leaves_the_state_as_if_it_had_never_come(tmp_path: Path) -> None:
    def upload(service: Embedded, events: list[dict[str, object]], upload_id: str, import_id: str | None) -> None:
        header = Header("home", "bar", "canonical", upload_id, "2026-11-23T12:00:00Z", import_id=import_id)
        lines = [json.dumps(event).encode() for event in events]
        service.append([Record("ana", 0, pack_items(range(len(lines))), header.to_bytes(), b"\n".join(lines))])
        service.apply_all()

    views = ("set_fact", "athlete_day", "alert", "muscle_day", "exercise_session", "rejected")
    compared = {"athlete_day": "* exclude (revision, state)"}

    def state(service: Embedded) -> dict[str, object]:
        return {v: rows(service, f"select {compared.get(v, '*')} from {v} order by all") for v in views}

    first = [a_set("a", reps=5), a_set("b", reps=6)]
    imported = [a_set("a", reps=9), a_set("c", reps=7), a_set("d", reps=-1)]
    later = [a_set("c", reps=3)]
    with_import = open_service(tmp_path / "with")
    upload(with_import, first, "u1", None)
    upload(with_import, imported, "u2", "imp-1")
    assert rows(with_import, "select document_id, reps from set_fact order by all") == [("a", 9), ("b", 6), ("c", 7)]
    upload(with_import, later, "u3", None)
    with_import.withdraw_import("home", "imp-1")
    with_import.apply_all()
    without = open_service(tmp_path / "without")
    upload(without, first, "u1", None)
    upload(without, later, "u3", None)
    assert state(with_import) == state(without)
    assert with_import.check() == []
    balance = rows(with_import, "select items, current + gone + superseded + ignored + rejected from ledger")
    assert balance[0][0] == balance[0][1]
    with_import.close()
    without.close()


def test_facts_made_before_they_kept_names_of_zones_are_read_again_from_the_log(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, [a_set("d1", performed_at="2026-11-20T18:00:00", timezone="Europe/Berlin")])
    assert rows(service, "select zone from base.set_log") == [("Europe/Berlin",)]
    with service._shard.transaction() as connection:
        connection.execute("alter table base.set_log drop column zone")
    service.close()
    service = open_service(tmp_path)
    assert rows(service, "select zone from base.set_log") == [("Europe/Berlin",)]
    assert rows(service, "select sets from athlete_day") == [(1,)]
    service.close()


def test_a_zone_told_later_gives_local_days_to_times_in_z(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, [a_set("late", performed_at="2026-11-20T23:30:00Z")])
    assert rows(service, "select local_day from set_fact") == [(None,)]
    assert rows(service, "select count(*) from athlete_day") == [(0,)]
    send(service, [{"kind": "athlete", "athlete": "ana", "document": "profile", "timezone": "Europe/Berlin"}])
    assert [str(day) for (day,) in rows(service, "select local_day from set_fact")] == ["2026-11-21"]
    assert rows(service, DAY) == [(1, 0, 640.0)]
    send(service, [{"kind": "delete", "athlete": "ana", "document": "profile", "source": "api"}])
    assert rows(service, "select local_day from set_fact") == [(None,)]
    assert service.check() == []
    service.close()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_invariant_I5_two_clocks_that_name_one_instant_differently_give_the_same_days(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    tick = {"kind": "tick", "now_at": "2026-11-23T11:30:00Z"}
    masses = [
        {"kind": "body_mass", "athlete": "ana", "source": name, "document": name, "measured_at": at,
         "mass": {"value": 80, "unit": "kg"}}
        for name, at in (("scale", "2026-11-20T18:05:00+01:00"), ("watch", "2026-11-21T07:05:00+14:00"))
    ]  # fmt: skip
    sets = [
        a_set("A", revision=1, performed_at="2026-11-20T00:30:00+01:00"),
        a_set("B", revision=1, performed_at="2026-11-19T18:30:00-05:00", set_index=2),
    ]
    service = open_service(tmp_path)
    for turn, index in enumerate(order):
        send(service, [sets[index], masses[index], tick], upload=f"u{turn}", admin=True)
    assert {str(day) for (day,) in rows(service, "select local_day from set_fact")} == {"2026-11-19"}
    assert [str(day) for (day,) in rows(service, "select max(local_day) from athlete_day")] == ["2026-11-24"]
    assert service.check() == []
    service.close()


def test_a_record_that_kills_the_worker_is_put_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "attempts.json"
    header = Header("home", "api", "canonical", "u", "2026-11-23T12:00:00Z").to_bytes()
    log = Batch.of([Logged(i, Record(f"a{i}", 0, pack_items([0]), header, b"{}")) for i in range(6)])
    applied: list[int] = []
    rejected: list[int] = []
    deaths = 0
    next_offset = 0
    while next_offset < len(log):
        attempts = Attempts(path)  # a new process
        try:
            while next_offset < len(log):

                def apply(batch: list[Logged]) -> int:
                    if any(one.offset == 4 for one in batch):
                        raise Stop
                    applied.extend(one.offset for one in batch)
                    return batch[-1].offset + 1

                def reject(one: Logged) -> int:
                    rejected.append(one.offset)
                    return one.offset + 1

                attempts.apply(log[next_offset:], apply, reject)
                next_offset = len(applied) + len(rejected)
        except Stop:
            deaths += 1
            assert deaths < 20
    assert rejected == [4]
    assert sorted(applied) == [0, 1, 2, 3, 5]
    assert deaths == 2 * DEATHS_MAX


def test_a_poisoned_record_ends_as_rejected_row_worker_crash(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, SESSION, apply=False)
    logged = service.log.read(0, 0, items_max=100, bytes_max=1 << 20)[0]
    service._engine.put_aside(logged)
    assert rows(service, "select count(*), min(reason) from rejected") == [(6, "worker_crash")]
    assert rows(service, "select items, rejected, next_offset from ledger") == [(6, 6, 1)]
    assert service.check() == []
    service.rebuild()
    assert rows(service, DAY) == [(6, 2, 3840.0)]
    service.close()


def test_a_rebuild_sends_nothing_again(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, [a_set(f"d{i}", set_index=i, outcome="failed_mechanical") for i in range(1, 5)])
    sent = service._shard.connection.execute("select * from base.outbox order by all").fetchall()
    assert sent
    service.rebuild()
    assert service._shard.connection.execute("select * from base.outbox order by all").fetchall() == sent
    service.close()


def test_a_snapshot_is_made_again_only_when_something_changed(tmp_path: Path) -> None:
    service = open_service(tmp_path)
    send(service, SESSION)
    first = service.snapshot()
    assert service.snapshot() == first == fresh_snapshot(tmp_path)
    send(service, [a_set("more")], upload="u2")
    assert fresh_snapshot(tmp_path) is None
    assert service.snapshot() != first
    service.close()
