"""Panels over copies: a gym's rows come from the newest snapshot of its partition, and from no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dashboards.panels import Panels
from pipeline.errors import StorageError
from pipeline.store.replicas import Replica, Replicas


class ReplicaPanels(Panels):
    """``partition_of(tenant)`` says where a gym is kept. Raises StorageError where its partition has no copy yet."""

    def __init__(self, replicas: Replicas, partition_of: Callable[[str], int]) -> None:
        super().__init__(self._ask)
        self._replicas, self._partition_of = replicas, partition_of

    @contextmanager
    def opened(self, tenant: str) -> Iterator[Panels]:
        """The panels of a gym, all of one copy, which stays open meanwhile."""
        with self._replica(tenant) as replica:
            yield Panels(replica.query, replica.made_at)

    @contextmanager
    def _replica(self, tenant: str) -> Iterator[Replica]:
        with self._replicas.reading(self._partition_of(tenant)) as replica:
            if replica is None:
                raise StorageError(
                    f"there is no copy of the data of {tenant} yet",
                    "a worker stores the first one seconds after the first upload, where it has SPOTTER_SNAPSHOTS",
                    "ask again shortly; `spotter doctor` tells what is missing",
                )
            yield replica

    def _ask(self, sql: str, parameters: Sequence[object]) -> list[dict[str, object]]:
        """Outside an opened answer; the first parameter of every panel is the gym."""
        with self._replica(str(parameters[0])) as replica:
            return replica.query(sql, parameters)
