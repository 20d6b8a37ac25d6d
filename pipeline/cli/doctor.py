"""The doctor's checks: each looks at one thing and says what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards import words
from dashboards.words import counted
from pipeline import disk
from pipeline.cli.finding import Finding, Said, finding
from pipeline.clock import SystemClock
from pipeline.errors import SpotterError
from pipeline.worker.fresh import LOG_NAME, SHARDS

if TYPE_CHECKING:
    from pipeline.cli.session import Session

FREE_BYTES_BAD = 256 << 20
FREE_BYTES_LOW = 2 << 30
FREE_SHARE_LOW = 0.1
LAG_RECORDS_LOW = 10_000
CLOCK_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
CLOCKS_SHOWN = 10
WHO_WAITS = 'spotter sql "select distinct tenant_id, athlete_id from set_fact where local_day is null"'


def examine(data: Path) -> list[Finding]:
    """Findings in the order checked; ``status`` is good, low or bad."""
    from pipeline.settings import in_cluster

    checks: list[tuple[str, Callable[[], Said]]] = [
        ("settings", _settings),
        ("python", _python),
        ("clock", _clock),
        ("folder", lambda: _folder(data)),
        ("disk", lambda: _disk(data)),
    ]
    found = [finding(*check) for check in checks]
    if in_cluster():
        from pipeline.cli.doctor_cluster import examine_cluster

        found += examine_cluster(data)
    elif (data / LOG_NAME).exists() or any(data.glob(SHARDS)):
        found += [*_inside(data), finding("keys", lambda: _keys(data))]
    return found


def _settings() -> Said:
    from pipeline.settings import PREFIX, Settings

    settings = Settings.from_environment()
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__} | {PREFIX + "DATA", PREFIX + "DEBUG"}
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if strange:
        return Said(
            "low", f"unknown settings in the environment: {', '.join(strange)}", "correct the names or unset them"
        )
    changed = sorted(name for name in known if name in os.environ)
    return Said("good", f"from the environment: {', '.join(changed)}" if changed else f"defaults, port {settings.port}")


def _python() -> Said:
    versions = ", ".join(f"{name} {version(name)}" for name in ("spotter", "duckdb", "pyarrow"))
    return Said("good", f"Python {sys.version.split()[0]}, {versions}")


def _clock() -> Said:
    now = SystemClock().now()
    if now < CLOCK_EARLIEST:
        return Said(
            "bad", f"the machine's clock says {now:%Y-%m-%d %H:%M} UTC", "set the clock; events of today are refused"
        )
    return Said("good", f"{now:%Y-%m-%d %H:%M} UTC")


def _folder(data: Path) -> Said:
    if not data.exists():
        return Said(
            "low", f"{data} is not there yet", "`spotter up`, `ingest` or `import` makes it; or give --data DIR"
        )
    disk.check(data)
    mode = data.stat().st_mode & 0o077
    if mode & 0o007:
        return Said("low", f"other users of this machine may look into {data}", f"chmod o-rwx {data}")
    return Said("good", str(data))


def _disk(data: Path) -> Said:
    folder = data if data.exists() else data.absolute().parent
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    used = sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) if data.exists() else 0
    says = f"{used >> 20} MiB used here, {usage.free >> 20} MiB free"
    if usage.free < FREE_BYTES_BAD:
        return Said("bad", says, "free some space; below 64 MiB nothing is accepted")
    if usage.free < FREE_BYTES_LOW and usage.free < FREE_SHARE_LOW * usage.total:
        return Said("low", says, "free some space before it runs out")
    return Said("good", says)


def _inside(data: Path) -> list[Finding]:
    """What the owner of the folder says, asked in one visit."""
    from pipeline.cli.session import open_session

    found: list[Finding] = []
    try:
        with open_session(data, create=False) as session:
            state = session.call("state")
            found.append(finding("log and shard", lambda: _tables(state)))
            found.append(finding("own rules", lambda: _own_rules(data, state)))
            found.append(finding("gym's clock", lambda: _gyms(_rows(session, "clocks"))))
            found.append(finding("time zones", lambda: _zones(_rows(session, "unzoned_sets"))))
            found.append(finding("channels", lambda: _channels(session.call("channel_list", tenant=None))))
    except SpotterError as error:
        found.append({"check": "log and shard", "status": "bad", "says": f"{error.what}: {error.why}", "do": error.do})
    return found


def _rows(session: Session, panel: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.call("panel", name=panel, parameters=[])
    return rows


def _gyms(clocks: list[dict[str, Any]]) -> Said:
    if not clocks:
        return Said("good", "none: each athlete is judged as of the last day with data")
    told = [f"{row['tenant_id']} {str(row['now_at'])[:16].replace('T', ' ')} UTC" for row in clocks[:CLOCKS_SHOWN]]
    hidden = len(clocks) - len(told)
    return Said("good", ", ".join(told) + (f" … and {hidden} more" if hidden else ""))


def _zones(waiting: list[dict[str, Any]]) -> Said:
    sets, athletes = waiting[0]["sets"], waiting[0]["athletes"]
    if not sets:
        return Said("good", "every set has its day")
    says = words.waiting_sets(sets, counted(athletes, "athlete"))
    return Said("low", says, f"{words.DECLARE_ZONE}; `{WHO_WAITS}` names them")


def _tables(state: dict[str, Any]) -> Said:
    lag = state["log_end"] - state["applied"]
    by = "a running service" if state["background"] else "this command"
    says = f"{counted(state['log_end'], 'record')}, {lag} not yet in the tables (owned by {by})"
    if state["failure"]:
        return Said(
            "bad", f"{says}; the worker stopped: {state['failure']}", "restart `spotter up`; nothing in the log is lost"
        )
    if state.get("waiting"):
        return Said("bad", f"{says}; {state['waiting']}", "free some space; it goes on by itself")
    if lag > LAG_RECORDS_LOW:
        return Said("low", says, "the worker catches up; if the number grows, send less at once")
    return Said("good", says)


def _own_rules(data: Path, state: dict[str, Any]) -> Said:
    from pipeline.worker.own_rules import FOLDER, folder_of, version_of

    folder = folder_of(data)
    says = f"{counted(len(folder.rules), 'rule')} of {data / FOLDER}" if folder.pairs else "none"
    if folder.left_out:
        wrong = "; ".join(f"{pair.name} is left out: {pair.wrong[0].what}" for pair in folder.left_out)
        files = " ".join(str(data / FOLDER / f"{pair.name}.toml") for pair in folder.left_out)
        return Said("low", f"{says}; {wrong}", f"`spotter rules check {files}` says everything that is wrong")
    if state["background"] and state.get("rule_version") != version_of(data):
        return Said("low", f"{says}; the running service has others", "restart `spotter up` to take them in")
    return Said("good", says)


def _channels(channels: list[dict[str, Any]]) -> Said:
    says = counted(len(channels), "channel") if channels else "none: alerts leave for nobody"
    off = [
        f"{row['channel_id']} of {row['tenant']} is off ({row['disabled_why']})"
        for row in channels
        if row["disabled_at"]
    ]
    lost = [
        f"{row['channel_id']} of {row['tenant']} gave up {counted(row['failed'], 'message')}"
        for row in channels
        if row["failed"] and not row["disabled_at"]
    ]
    if off or lost:
        do = (
            "`spotter channels log ID --tenant T` says why; `channels test ID` tries it, `channels enable ID` starts it"
        )
        return Said("low", "; ".join([says, *off, *lost]), do)
    return Said("good", says)


def _keys(data: Path) -> Said:
    from pipeline.gateway.control import Control

    control = Control(data)
    try:
        live = [key for key in control.list_keys() if key.revoked_at is None]
        tenants = control.tenants()
    finally:
        control.close()
    says = f"{counted(len(live), 'live key')}, {counted(len(tenants), 'tenant')}"
    if not live:
        return Said("low", says, "`spotter keys create --scope ingest` makes a key for devices that send")
    return Said("good", says)
