"""Names as people write them, reduced to what can be compared; nothing here decides by likeness."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

Tokens = frozenset[str]

_WORD = re.compile(r"[^\W_]+")
_DROPPED = frozenset({"a", "an", "and", "at", "attachment", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
_PHRASES = (
    ("medium grip", ""),
    ("e z", "ez"),
    ("t bar", "tbar"),
    ("v bar", "vbar"),
    ("v grip", "vbar"),
    ("ez bar", "ez"),
    ("ez curl bar", "ez"),
    ("one arm", "single arm"),
    ("1 arm", "single arm"),
    ("one leg", "single leg"),
    ("one legged", "single leg"),
    ("body weight", "bodyweight"),
    ("pec deck", "pecdeck"),
    ("trap bar", "trapbar"),
    ("hex bar", "trapbar"),
    ("stiff legged", "stiff leg"),
    ("straight legged", "straight leg"),
)
_SAME = {
    "abs": ("ab",),
    "bb": ("barbell",),
    "calves": ("calf",),
    "chinup": ("chin", "up"),
    "db": ("dumbbell",),
    "dumbell": ("dumbbell",),
    "flye": ("fly",),
    "flyes": ("fly",),
    "flies": ("fly",),
    "flys": ("fly",),
    "kb": ("kettlebell",),
    "lunges": ("lunge",),
    "ohp": ("overhead", "press"),
    "presses": ("press",),
    "pressdown": ("push", "down"),
    "pulldown": ("pull", "down"),
    "pullup": ("pull", "up"),
    "pushdown": ("push", "down"),
    "pushup": ("push", "up"),
    "rdl": ("romanian", "deadlift"),
    "situp": ("sit", "up"),
    "skullcrusher": ("skull", "crusher"),
    "stepup": ("step", "up"),
}
_SINGULAR_ALREADY = frozenset({"biceps", "triceps", "quadriceps", "abs"})
_LIKENESS_MIN = 0.3
_MISSPELLED_MIN = 0.6  # below this, names of few letters look like each other by chance


def fold(name: str) -> str:
    """The name in one spelling: NFKC, case folded, trimmed, runs of white space as one blank."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def tokens(name: str) -> Tokens:
    """The words of a name as a set: no punctuation, no plural, compounds split, filler words dropped."""
    words = " ".join(_WORD.findall(fold(name).replace("'", "").replace("’", "")))
    text = f" {words} "
    for phrase, instead in _PHRASES:
        text = text.replace(f" {phrase} ", f" {instead} " if instead else " ")
    found: set[str] = set()
    for word in text.split():
        found.update(_normal(word))
    return frozenset(found - _DROPPED)


def _normal(word: str) -> tuple[str, ...]:
    if word in _SAME:
        return _SAME[word]
    if word in _SINGULAR_ALREADY:
        return (word[:-1],)
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return _SAME.get(word, (word,))


def nearest(name: str, known: Mapping[Tokens, frozenset[str]], n: int) -> list[str]:
    """Up to ``n`` exercise ids whose names share most words with ``name``: candidates for a human, never matches."""
    wanted = tokens(name)
    if not wanted:
        return []
    best: dict[str, float] = {}
    for key, ids in known.items():
        shared = len(wanted & key)
        if not shared:
            continue
        likeness = shared / len(wanted | key)
        if likeness < _LIKENESS_MIN:
            continue
        for exercise_id in ids:
            best[exercise_id] = max(likeness, best.get(exercise_id, 0.0))
    return sorted(best, key=lambda exercise_id: (-best[exercise_id], exercise_id))[:n]


def likeness(one: str, other: str) -> float:
    """How much two names have in common, 0 to 1, by their words or by their letters, whichever says more."""
    mine, theirs = tokens(one), tokens(other)
    by_words = len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0
    return max(by_words, SequenceMatcher(None, fold(one), fold(other)).ratio())


def closest(name: str, known: Iterable[str], n: int) -> list[str]:
    """Up to ``n`` of the names ``known`` that ``name`` may be a misspelling of, best first."""
    scores = {other: likeness(name, other) for other in known}
    near = [other for other, score in scores.items() if score >= _MISSPELLED_MIN]
    return sorted(near, key=lambda other: (-scores[other], other))[:n]
