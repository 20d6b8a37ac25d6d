"""The exercise catalogue: what a logged name stands for, its class, its muscles and how it is loaded.

Four tables are read in this order, later ones winning: the public source, our corrections, our additions,
and the aliases (built in, then those of a data folder). A name is matched exactly or by the set of its
words; likeness only makes suggestions.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from pipeline.catalogue import matching
from pipeline.errors import SpotterError, UsageError

SOURCE = "free-exercise-db.csv"
DATA_FILES = (SOURCE, "muscles.csv", "overrides.csv", "extra_exercises.csv", "aliases.csv")
ALIASES_NAME = "aliases.csv"
ALIAS_COLUMNS = ["name", "exercise_id"]
K_MILLI = {"axial": 1500, "compound": 1250, "isolation": 1000, "unknown": 1000}
K_ONE_MILLI = 1000
LOAD_KINDS = ("external", "bodyweight", "assisted")
NOT_WORK = ("cardio", "stretching")
WARM_UP = "warm up"
_PRIMARY, _SECONDARY = 2, 1

Muscle = tuple[str, int, bool, bool]


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise; ``muscles`` are (muscle, weight in halves, is primary, has a freshness clock)."""

    exercise: str
    exercise_id: str | None
    display_name: str
    class_: str
    k_milli: int
    category: str | None
    is_work: bool
    default_load_kind: str
    bodyweight_milli: int | None
    main_lift: str | None
    muscles: tuple[Muscle, ...]


class Catalogue:
    """All known exercises and the names they go by; immutable."""

    def __init__(self, exercises: Mapping[str, Exercise], aliases: Mapping[str, str], version: str) -> None:
        self.exercises = dict(exercises)
        self.version = version
        self.alias_count = len(aliases)
        self._exact = {matching.fold(key): key for key in exercises}
        self._exact |= {matching.fold(exercise.display_name): key for key, exercise in exercises.items()}
        self._exact |= aliases
        names = [(matching.fold(exercise.display_name), key) for key, exercise in exercises.items()]
        # a name that an alias gave to another exercise no longer speaks for its own
        usable = [(name, key) for name, key in names if self._exact[name] == key]
        near: defaultdict[matching.Tokens, set[str]] = defaultdict(set)
        for name, key in (*usable, *aliases.items()):
            near[matching.tokens(name)].add(key)
        near.pop(frozenset(), None)
        self._near = {words: frozenset(ids) for words, ids in near.items()}
        self._by_tokens = {words: next(iter(ids)) for words, ids in self._near.items() if len(ids) == 1}

    @classmethod
    def load(cls, extra: Path | None = None, *, one_factor: bool = False) -> Catalogue:
        """The built-in catalogue with the aliases of ``extra``, a CSV of name and exercise_id.

        ``one_factor``: every exercise weighs alike (k = 1), whatever its class. Raises UsageError when
        ``extra`` names an exercise that does not exist or a name twice.
        """
        return _load(extra.read_bytes() if extra is not None else b"", str(extra or ""), one_factor)

    @staticmethod
    def fold(name: str) -> str:
        """The name in one spelling: NFKC, case folded, trimmed, single blanks."""
        return matching.fold(name)

    def resolve(self, name: str) -> Exercise | None:
        """The exercise a name stands for: an exact name or alias, else an unambiguous equal set of words."""
        key = self._exact.get(matching.fold(name)) or self._by_tokens.get(matching.tokens(name))
        return self.exercises[key] if key is not None else None

    def suggest(self, name: str, n: int = 3) -> list[str]:
        """Ids of exercises with similar names, best first, for a human to choose from."""
        return matching.nearest(name, self._near, n)

    def search(self, text: str) -> list[Exercise]:
        """Exercises of which a name, an alias or the id holds every word of ``text``, most alike first."""
        words, wanted = matching.fold(text).split(), matching.tokens(text)
        found: dict[str, float] = {}
        for name, key in self._exact.items():
            if all(word in name for word in words) or (wanted and wanted <= matching.tokens(name)):
                found[key] = max(matching.likeness(text, name), found.get(key, 0.0))
        return [self.exercises[key] for key in sorted(found, key=lambda key: (-found[key], key))]

    def closest(self, text: str, n: int = 5) -> list[Exercise]:
        """Exercises whose name, alias or id ``text`` may be a misspelling of, best first."""
        names = matching.closest(text, self._exact, 4 * n)  # an exercise goes by several names
        return [self.exercises[key] for key in dict.fromkeys(self._exact[name] for name in names)][:n]

    def unknown(self, name: str) -> Exercise:
        """What a name stands for that nobody has mapped: it works, without class and muscles."""
        folded = matching.fold(name)
        return Exercise(
            exercise=f"name:{folded}",
            exercise_id=None,
            # made of the folded name, so that it does not depend on which spelling came first
            display_name=folded[:1].upper() + folded[1:],
            class_="unknown",
            k_milli=K_MILLI["unknown"],
            category=None,
            is_work=folded != WARM_UP,
            default_load_kind="external",
            bodyweight_milli=None,
            main_lift=None,
            muscles=(),
        )


def muscle_names() -> frozenset[str]:
    """The muscles of the catalogue."""
    raw = (files("pipeline.catalogue") / "data" / "muscles.csv").read_bytes()
    return frozenset(row["muscle"] for row in _rows(raw))


def add_alias(data: Path, name: str, exercise_id: str) -> None:
    """Say in the data folder's alias file that ``name`` stands for ``exercise_id``; a former word on it is replaced.

    Raises UsageError when the name is blank or the exercise does not exist.
    """
    path = data / ALIASES_NAME
    folded = matching.fold(name)
    catalogue = Catalogue.load(path if path.exists() else None)
    if not folded:
        raise UsageError("the exercise name is blank", do="give the name as it is logged")
    if exercise_id not in catalogue.exercises:
        near = [exercise.exercise for exercise in catalogue.closest(exercise_id)] or catalogue.suggest(name)
        raise UsageError(
            f'there is no exercise "{exercise_id}"',
            "the catalogue has no such id",
            (f"did you mean {', '.join(near)}? " if near else "") + "`spotter exercises TEXT` finds ids",
        )
    _write_aliases(path, own_aliases(data) | {folded: exercise_id})


def own_aliases(data: Path) -> dict[str, str]:
    """What the data folder's alias file says: folded name -> exercise id; empty without a file."""
    path = data / ALIASES_NAME
    return dict(_read_aliases(path.read_bytes(), str(path))) if path.exists() else {}


def remove_alias(data: Path, name: str) -> str:
    """Take the data folder's word on ``name`` back; returns the exercise id it stood for.

    Raises UsageError when the alias file says nothing about it: built-in aliases cannot be taken back.
    """
    kept = own_aliases(data)
    exercise_id = kept.pop(matching.fold(name), None)
    if exercise_id is None:
        near = matching.closest(name, kept, 3)
        raise UsageError(
            f'"{name}" is mapped to nothing here',
            "no `spotter unmapped map` of this data folder named it",
            (f"did you mean {', '.join(near)}? " if near else "")
            + "`spotter unmapped list --mapped` shows the names that are",
        )
    _write_aliases(data / ALIASES_NAME, kept)
    return exercise_id


def _write_aliases(path: Path, kept: Mapping[str, str]) -> None:
    """The whole file anew, put in place at once."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ALIAS_COLUMNS)
    writer.writerows(sorted(kept.items()))
    beside = path.with_suffix(".csv.new")
    beside.write_text(text.getvalue(), encoding="utf-8")
    beside.replace(path)


@lru_cache(maxsize=8)
def _load(extra: bytes, where: str, one_factor: bool) -> Catalogue:
    raw = {name: (files("pipeline.catalogue") / "data" / name).read_bytes() for name in DATA_FILES}
    digest = hashlib.sha256()
    for part in (*raw.values(), extra):
        digest.update(len(part).to_bytes(8, "big") + part)
    if one_factor:
        digest.update(b"k = 1")
    exercises = _exercises(raw, dict.fromkeys(K_MILLI, K_ONE_MILLI) if one_factor else K_MILLI)
    aliases = _aliases(raw["aliases.csv"], "the built-in aliases", exercises)
    catalogue = Catalogue(exercises, aliases, digest.hexdigest()[:12])
    if not extra:
        return catalogue
    own = _aliases(extra, where, exercises)
    return Catalogue(exercises, aliases | own, catalogue.version)


def _exercises(raw: Mapping[str, bytes], k_milli: Mapping[str, int]) -> dict[str, Exercise]:
    clocks = {row["muscle"]: row["clock_as_secondary"] == "yes" for row in _rows(raw["muscles.csv"])}
    rows = {row["id"]: _from_source(row) for row in _rows(raw[SOURCE])}
    for row in _rows(raw["overrides.csv"]):
        known = rows.get(row["exercise_id"])
        if known is None:
            raise _no_such_exercise(row["exercise_id"], "overrides.csv", [])
        known |= {column: value for column, value in row.items() if value}
    for row in _rows(raw["extra_exercises.csv"]):
        if row["exercise_id"] in rows:
            raise SpotterError(
                f"exercise {row['exercise_id']} exists twice", "extra_exercises.csv repeats it", "give it another id"
            )
        rows[row["exercise_id"]] = row
    return {key: _exercise(key, row, clocks, k_milli) for key, row in rows.items()}


def _from_source(row: Mapping[str, str]) -> dict[str, str]:
    """A row of the public source in our columns; what is no lift has no class."""
    return {
        "name": row["name"],
        "class": "unknown" if row["category"] in NOT_WORK else row["mechanic"] or "unknown",
        "category": row["category"],
        "default_load_kind": "bodyweight" if row["equipment"] == "body only" else "external",
        "primary_muscles": row["primary_muscles"],
        "secondary_muscles": row["secondary_muscles"],
    }


def _exercise(key: str, row: Mapping[str, str], clocks: Mapping[str, bool], k_milli: Mapping[str, int]) -> Exercise:
    share = row.get("bodyweight_milli")
    category = row["category"] or None
    return Exercise(
        exercise=key,
        exercise_id=key,
        display_name=row["name"],
        class_=row["class"],
        k_milli=k_milli[row["class"]],
        category=category,
        is_work=category not in NOT_WORK and matching.fold(row["name"]) != WARM_UP,
        default_load_kind=row["default_load_kind"],
        bodyweight_milli=int(share) if share else None,
        main_lift=row.get("main_lift") or None,
        muscles=_muscles(row, clocks),
    )


def _muscles(row: Mapping[str, str], clocks: Mapping[str, bool]) -> tuple[Muscle, ...]:
    primary = _listed(row["primary_muscles"])
    secondary = [muscle for muscle in _listed(row["secondary_muscles"]) if muscle not in primary]
    return (
        *((muscle, _PRIMARY, True, True) for muscle in primary),
        *((muscle, _SECONDARY, False, clocks[muscle]) for muscle in secondary),
    )


def _listed(text: str) -> list[str]:
    """A cell of names between semicolons; ``none`` empties what the source says."""
    return sorted({part.strip() for part in text.split(";") if part.strip() and part.strip() != "none"})


def _aliases(data: bytes, where: str, exercises: Mapping[str, Exercise]) -> dict[str, str]:
    found: dict[str, str] = {}
    for folded, exercise_id in _read_aliases(data, where):
        if exercise_id not in exercises:
            raise _no_such_exercise(exercise_id, where, [])
        if folded in found:
            raise UsageError(f'the name "{folded}" stands twice in {where}', do="keep one of the two lines")
        found[folded] = exercise_id
    return found


def _read_aliases(data: bytes, where: str) -> Iterator[tuple[str, str]]:
    try:
        rows = list(_rows(data))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{where} cannot be read", str(error), "save it as CSV in UTF-8") from error
    for row in rows:
        if set(row) != set(ALIAS_COLUMNS) or None in row.values():
            raise UsageError(
                f"{where} is no list of aliases", "its columns must be name, exercise_id", "correct the file"
            )
        yield matching.fold(row["name"]), row["exercise_id"].strip()


def _rows(data: bytes) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _no_such_exercise(exercise_id: str, where: str, suggestions: list[str]) -> UsageError:
    near = f"did you mean {', '.join(suggestions)}?" if suggestions else "use an id of the exercise catalogue"
    return UsageError(f'there is no exercise "{exercise_id}"', f"{where} names it", near)
