"""Every schema has good and bad example documents, and the checked-in JSON Schema is the generated one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
from pydantic import ValidationError

from pipeline.gateway.accept import accept_events
from pipeline.sources.problems import from_validation
from schemas.alerts import ALERT
from schemas.events import EVENT, MODELS
from schemas.generate import FOLDER, schemas

EXAMPLES = FOLDER.parent / "examples"
FILES = sorted(EXAMPLES.glob("*/*.json"))
RECEIVED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@cache
def _validator(name: str) -> Any:
    texts = {file: json.loads(text) for file, text in schemas().items()}
    registry: Any = referencing.Registry().with_resources(
        (file, referencing.Resource.from_contents(schema)) for file, schema in texts.items()
    )
    return jsonschema.Draft202012Validator(texts[f"{name}.schema.json"], registry=registry)


@pytest.mark.parametrize("kind", [*MODELS, "alert"])
def test_every_kind_has_two_good_and_two_bad_documents(kind: str) -> None:
    stems = [path.stem for path in (EXAMPLES / kind).glob("*.json")]
    assert sum(stem.startswith("good-") for stem in stems) >= 2
    assert sum(stem.startswith("bad-") for stem in stems) >= 2
    assert all(stem.startswith(("good-", "bad-")) for stem in stems)


@pytest.mark.parametrize("path", [file for file in FILES if file.parent.name != "alert"], ids=_name)
def test_event_example(path: Path) -> None:
    text = path.read_bytes()
    outcome, _, rest = path.stem.partition("-")
    answer = accept_events(
        text, content_type="application/json", tenant="home", upload_id="u", received_at=RECEIVED_AT, admin=True
    )
    (result,) = answer.results
    if outcome == "good":
        assert (result.status, result.message, result.warnings) == ("accepted", None, [])
        assert EVENT.validate_python(json.loads(text)).kind == path.parent.name
        _validator(path.parent.name).validate(json.loads(text))
        _validator("event").validate(json.loads(text))
    else:
        assert (result.status, result.reason) == ("rejected", rest.partition("-")[0]), result.message
        assert result.field and result.message and f"`{result.field}`" in result.message


@pytest.mark.parametrize("path", [file for file in FILES if file.parent.name == "alert"], ids=_name)
def test_alert_example(path: Path) -> None:
    fields = json.loads(path.read_text())
    outcome, _, rest = path.stem.partition("-")
    if outcome == "good":
        ALERT.validate_python(fields)
        _validator("alert").validate(fields)
    else:
        with pytest.raises(ValidationError) as caught:
            ALERT.validate_python(fields)
        assert from_validation(caught.value, "alert").reason == rest.partition("-")[0]


def test_checked_in_schemas_are_the_generated_ones() -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert stored == schemas(), "run python -m schemas.generate"


def test_schemas_are_valid_and_refuse_unknown_fields() -> None:
    for name, text in schemas().items():
        schema = json.loads(text)
        jsonschema.Draft202012Validator.check_schema(schema)
        if name != "event.schema.json":
            assert schema["additionalProperties"] is False
