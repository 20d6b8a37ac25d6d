"""Is there a snapshot that holds everything? Asked before anything heavy is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import RefusedError, StorageError
from pipeline.log.peek import end_offset_of
from pipeline.settings import in_cluster
from pipeline.store.pointer import current_snapshot

if TYPE_CHECKING:
    from pipeline.catalogue.loader import Catalogue

LOG_NAME = "log.sqlite"
SHARDS = "shard-*.duckdb"
WORKER_LOCKS = "shard-*.lock"
ALIASES_NAME = "aliases.csv"


def aliases_of(data: Path) -> Path | None:
    """The folder's own aliases, if it has any."""
    path = data / ALIASES_NAME
    return path if path.exists() else None


def catalogue_of(data: Path) -> Catalogue:
    """The catalogue as a folder has it: with its own aliases, and the factors of its preset."""
    from pipeline.catalogue.loader import Catalogue
    from pipeline.worker.own_rules import built_in

    return Catalogue.load(extra=aliases_of(data), one_factor=built_in(data).systemic_factor == "one")


def has_records(data: Path) -> bool:
    """Whether the folder has a log with something in it: that of one process."""
    try:
        return (data / LOG_NAME).exists() and end_offset_of(data / LOG_NAME) > 0
    except OSError:
        return True  # whoever opens it says what is wrong


def are_elsewhere(data: Path) -> bool:
    """Whether log and tables are those of a cluster: brokers are named, and the folder has no log of its own."""
    return in_cluster() and not has_records(data)


def require_no_log(data: Path) -> None:
    """Raises RefusedError for the folder of one process: its shard counts records of its log, and a worker that took it
    for its own would leave out as many of the topic."""
    if has_records(data):
        raise RefusedError(
            f"{data} is the folder of one process",
            f"its shard stands for {LOG_NAME} beside it, and not for a topic of Kafka",
            "give the worker a folder of its own with --data",
        )


def require_log(data: Path) -> None:
    """Raises StorageError when tables lie there without the log they were made from, RefusedError for those of a
    worker, whose log is on Kafka."""
    if any(data.glob(WORKER_LOCKS)):
        raise RefusedError(
            f"{data} is the folder of a worker of a cluster",
            "its shards stand for a topic of Kafka; nothing is wrong with them",
            "ask `spotter web` for what is in them, and give every other role and command a folder of its own",
        )
    found = None if (data / LOG_NAME).exists() else next(iter(sorted(data.glob(SHARDS))), None)
    if found is not None:
        raise StorageError(
            f"the log {data / LOG_NAME} is missing",
            f"{found.name} is there, but the log, which is the record, was lost or moved",
            f"restore {LOG_NAME} from a backup; to begin anew without what it held, move {found.name} away first",
        )


def require_reach(log_end: int, applied: int, shard: str, log_name: str = LOG_NAME) -> None:
    """Raises StorageError when the tables stand for more records than the log holds."""
    if applied > log_end:
        raise StorageError(
            "the log is shorter than what was applied from it",
            f"the tables stand for {applied} records, {log_name} holds {log_end}:"
            " the log, which is the record, was lost or cut",
            f"restore {log_name} from a backup; to go on with what the log holds, move {shard} away first",
        )


def versions_of(data: Path, rule_version: str | None = None) -> dict[str, str]:
    """The versions of models, rules and catalogue that tables of this folder must carry."""
    from pipeline.models.runner import MODEL_VERSION
    from pipeline.worker.own_rules import version_of

    return {
        "model_version": MODEL_VERSION,
        "rule_version": rule_version or version_of(data),
        "catalogue_version": catalogue_of(data).version,
    }


def fresh_snapshot(data: Path, rule_version: str | None = None) -> Path | None:
    """The current snapshot if it holds everything the log does; takes no lock and opens no DuckDB.

    ``rule_version``: of the rules its owner has loaded; else of those that lie in the folder.
    """
    try:
        end = end_offset_of(data / LOG_NAME)
    except OSError:
        return None
    return current_snapshot(data, versions_of(data, rule_version), end)
