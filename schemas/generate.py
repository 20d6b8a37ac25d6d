"""Writes the JSON Schema of every event kind and of alerts to ``schemas/json``: ``python -m schemas.generate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from schemas.alerts import ALERT
from schemas.events import MODELS

FOLDER = Path(__file__).parent / "json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """File name to text of every generated schema; ``event`` is one of the kinds beside it."""
    adapters: dict[str, TypeAdapter[Any]] = {kind: TypeAdapter(model) for kind, model in MODELS.items()}
    adapters["alert"] = ALERT
    files = {_file(name): _text(name, adapter.json_schema()) for name, adapter in adapters.items()}
    files[_file("event")] = _text("event", {"oneOf": [{"$ref": _file(kind)} for kind in MODELS]})
    return files


def _file(name: str) -> str:
    return f"{name}.schema.json"


def _text(name: str, schema: dict[str, Any]) -> str:
    whole = {**_tidy(schema), "$schema": _DIALECT, "$id": _file(name), "title": name}
    text = json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _tidy(schema: Any) -> Any:
    """Without the titles that only repeat a field's name."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key == "properties":
            kept[key] = {name: _untitled(_tidy(part)) for name, part in value.items()}
        else:
            kept[key] = _tidy(value)
    return kept


def _untitled(part: Any) -> Any:
    return {key: value for key, value in part.items() if key != "title"} if isinstance(part, dict) else part


def main() -> None:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
