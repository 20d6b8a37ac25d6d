"""The small numbers that stand for athletes and exercises inside a shard, held in memory.

Numbers are given in the order of first appearance and never leave the shard: views show names.
New ones are written in the transaction of the batch that brought them; when that fails, the engine
makes this anew from the file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.catalogue.loader import Catalogue, Exercise
from pipeline.store.connection import Connection

Int32s = npt.NDArray[np.int32]


class Names:
    """Athlete and exercise numbers of one shard."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._load(connection)

    def _load(self, connection: Connection) -> None:
        rows = connection.execute("select tenant_id, athlete_id, athlete_no from base.athlete").fetchall()
        self._athletes: dict[tuple[str, str], int] = {(t, a): n for t, a, n in rows}
        self.tenant_of: dict[int, str] = {n: t for t, _, n in rows}
        self._names: dict[str, int] = dict(
            connection.execute("select name, name_no from base.exercise_name").fetchall()
        )
        self._exercises: dict[str, int] = dict(
            connection.execute("select exercise, exercise_no from base.exercise").fetchall()
        )
        self._new_athletes: list[tuple[int, str, str]] = []
        self._new_names: list[tuple[int, str, str, int, list[str]]] = []
        self._new_exercises: list[tuple[int, Exercise]] = []

    def athlete(self, tenant: str, athlete: str) -> int:
        """The number of an athlete, given now if it is new."""
        key = (tenant, athlete)
        found = self._athletes.get(key)
        if found is None:
            found = len(self._athletes) + 1
            self._athletes[key] = found
            self.tenant_of[found] = tenant
            self._new_athletes.append((found, tenant, athlete))
        return found

    def athletes(self, tenants: list[str], tenant_index: npt.NDArray[np.int64], athletes: pa.ChunkedArray) -> Int32s:
        """Numbers for a column of athlete ids; ``tenant_index`` points into ``tenants`` per row."""
        encoded = pa.concat_arrays(athletes.chunks).dictionary_encode() if athletes.num_chunks else None
        if encoded is None or len(encoded) == 0:
            return np.zeros(0, np.int32)
        names = encoded.dictionary.to_pylist()
        index = encoded.indices.to_numpy(zero_copy_only=False)
        out = np.zeros(len(index), np.int32)
        for t in np.unique(tenant_index):
            mask = tenant_index == t
            numbers = np.zeros(len(names), np.int32)
            for i in np.unique(index[mask]):
                numbers[i] = self.athlete(tenants[t], names[i] or "")
            out[mask] = numbers[index[mask]]
        return out

    def exercise_names(self, names: pa.ChunkedArray) -> Int32s:
        """Numbers for a column of exercise names as logged."""
        encoded = pa.concat_arrays(names.chunks).dictionary_encode() if names.num_chunks else None
        if encoded is None or len(encoded) == 0:
            return np.zeros(0, np.int32)
        numbers = np.array([self._name(name) for name in encoded.dictionary.to_pylist()], np.int32)
        out: Int32s = numbers[encoded.indices.to_numpy(zero_copy_only=False)]
        return out

    def _name(self, name: str) -> int:
        found = self._names.get(name)
        if found is None:
            exercise = self.catalogue.resolve(name)
            suggestions = [] if exercise else self.catalogue.suggest(name)
            number = self._exercise(exercise or self.catalogue.unknown(name))
            found = len(self._names) + 1
            self._names[name] = found
            self._new_names.append((found, name, self.catalogue.fold(name), number, suggestions))
        return found

    def _exercise(self, exercise: Exercise) -> int:
        found = self._exercises.get(exercise.exercise)
        if found is None:
            found = len(self._exercises) + 1
            self._exercises[exercise.exercise] = found
            self._new_exercises.append((found, exercise))
        return found

    def write_new(self, connection: Connection) -> None:
        """Write what appeared since the last call, inside the caller's transaction."""
        if self._new_athletes:
            numbers, tenants, athletes = zip(*self._new_athletes, strict=True)
            rows = pa.table(
                {
                    "athlete_no": pa.array(numbers, pa.int32()),
                    "tenant_id": pa.array(tenants, pa.string()),
                    "athlete_id": pa.array(athletes, pa.string()),
                }
            )
            connection.register("new_athlete", rows)
            connection.execute("insert into base.athlete by name select * from new_athlete")
            connection.unregister("new_athlete")
        for number, exercise in self._new_exercises:
            insert_exercise(connection, number, exercise)
        for row in self._new_names:
            connection.execute("insert into base.exercise_name values (?, ?, ?, ?, ?)", row)
        self._new_athletes, self._new_exercises, self._new_names = [], [], []

    def remap(self, connection: Connection) -> bool:
        """Resolve every stored name again with the present catalogue; true if anything changed."""
        before = connection.execute("select * from base.exercise order by all").fetchall()
        muscles = connection.execute("select * from base.exercise_muscle order by all").fetchall()
        named = connection.execute("select * from base.exercise_name order by name_no").fetchall()
        connection.execute("delete from base.exercise")
        connection.execute("delete from base.exercise_muscle")
        connection.execute("delete from base.exercise_name")
        self._new_names = []
        self._names = {}
        for _, name, *_ in named:
            self._name(name)
        kept = dict(self._exercises)
        by_key = {exercise.exercise: (number, exercise) for number, exercise in self._new_exercises}
        for name in (row[1] for row in named):
            exercise = self.catalogue.resolve(name) or self.catalogue.unknown(name)
            by_key[exercise.exercise] = (kept[exercise.exercise], exercise)
        self._new_exercises = sorted(by_key.values(), key=lambda pair: pair[0])
        self.write_new(connection)
        return bool(
            before != connection.execute("select * from base.exercise order by all").fetchall()
            or muscles != connection.execute("select * from base.exercise_muscle order by all").fetchall()
            or named != connection.execute("select * from base.exercise_name order by name_no").fetchall()
        )


def insert_exercise(connection: Connection, number: int, exercise: Exercise) -> None:
    """Write one exercise and its muscles."""
    connection.execute(
        "insert into base.exercise values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            exercise.exercise,
            exercise.exercise_id,
            exercise.display_name,
            exercise.class_,
            exercise.k_milli,
            exercise.category,
            exercise.is_work,
            exercise.default_load_kind,
            exercise.bodyweight_milli,
            exercise.main_lift,
        ),
    )
    if exercise.muscles:
        connection.executemany(
            "insert into base.exercise_muscle values (?, ?, ?, ?, ?)",
            [(number, muscle, c, primary, clock) for muscle, c, primary, clock in exercise.muscles],
        )
