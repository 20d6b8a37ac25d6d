"""The records of an API's answer: pages, lists and single records, all as objects of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.sources.base import RowError
from pipeline.sources.problems import shown

DEPTH_MAX = 4  # of pages in lists in answers; what lies deeper is no answer of an API
_ENTRY = "entry"  # holds what stands where a record should


def records_in(value: Any, keys: Sequence[str], depth: int = DEPTH_MAX) -> list[Any]:
    """The objects in ``value`` and in what it holds under ``keys``, in their order.

    What is no object becomes the only field of one, so that each part of a file is an object and reads the same alone.
    """
    if isinstance(value, list) and depth:
        return [record for one in value for record in records_in(one, keys, depth - 1)]
    if not isinstance(value, dict):
        return [{_ENTRY: value}]
    inner = next((value[key] for key in keys if isinstance(value.get(key), list | dict)), None)
    return records_in(inner, keys, depth - 1) if inner is not None and depth else [value]


def check_record(element: Any) -> None:
    """Raises RowError for what ``records_in`` found in the place of a record."""
    if not isinstance(element, dict) or element.keys() == {_ENTRY}:
        value = element.get(_ENTRY) if isinstance(element, dict) else element
        raise RowError("invalid_type", None, f"{shown(value)} is no record. Send records as the API gives them.")
