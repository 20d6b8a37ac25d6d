"""The door for vendor files: what a file holds, row by row, and the records it becomes; nothing is stored here."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal, cast

from pipeline.errors import RefusedError, UsageError
from pipeline.gateway.packed import Content
from pipeline.record import Header, Record, pack_items, parse_header, unpack_items
from pipeline.sources import registry
from pipeline.sources.base import (
    FILE_BYTES_MAX,
    ImportContext,
    Part,
    RowProblem,
    VendorDecoded,
    VendorDecoder,
    VendorEvent,
)
from pipeline.sources.efforts import read_efforts
from pipeline.sources.ignored import IN_WORDS
from pipeline.sources.problems import excerpt
from pipeline.sources.readings import kept_of, reading_in_words
from pipeline.sources.receipt import Upload, upload_of
from pipeline.sources.validate import require_name
from schemas.common import Effort
from schemas.times import is_zone

EXERCISES_SHOWN = 3
FILE_NAME_CHARACTERS_MAX = 200
_WHEN = ("start", "measured_at", "checked_at", "night", "day")
_CONTENT_TYPES = {"csv": "text/csv", "json": "application/json", "api": "application/json"}

Status = Literal["accepted", "ignored", "rejected"]


@dataclass(frozen=True, slots=True)
class RowReport:
    """What becomes of one row; ``row`` counts from 1, the header line of a table included."""

    row: int
    status: Status
    reason: str | None = None
    field: str | None = None
    message: str | None = None


@dataclass(slots=True)
class ImportPlan:
    """A file, understood. ``rows`` = ``accepted`` + ``ignored`` + ``rejected``.

    ``kinds`` counts its documents by kind; ``preview`` has one entry per document: kind, document, title, start,
    what (its sets, or its reading), exercises (the first ones), deleted;
    ``reasons`` one per status and reason, with its count and first row; ``duplicates`` the documents that the
    file holds more than once, of which the last counts.
    """

    decoder: str
    source: str
    records: list[Record]
    documents: int
    kinds: dict[str, int]
    rows: int
    accepted: int
    ignored: int
    rejected: int
    reasons: list[dict[str, object]]
    preview: list[dict[str, object]]
    row_reports: list[RowReport]
    duplicates: list[dict[str, object]]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """Documents of a plan that are not stored yet, and those that are and will be replaced."""

    new: list[str]
    known: list[str]


def plan_import(
    file: BinaryIO,
    *,
    athlete: str,
    tenant: str,
    source: str = "auto",
    tz: str | None = None,
    unit: str | None = None,
    received_at: datetime,
    import_id: str,
    upload_id: str,
    file_name: str | None = None,
) -> ImportPlan:
    """Read a vendor's file (plain, gzip, a phone's archive) to records to append, with an account of every row.

    ``tz`` is the zone of wall clocks without one, ``unit`` (``kg`` or ``lb``) that of weights without one;
    ``received_at`` needs a zone; ``file_name`` is kept to tell imports apart. Raises RefusedError (UnitNeededError,
    ZoneNeededError) for the whole file and UsageError for a zone, unit or source that does not exist; nothing in a
    file raises anything else.
    """
    if tz is not None and not is_zone(tz):
        raise UsageError(f"unknown time zone {tz[:60]!r}", "it is not in the IANA list", "write it like Europe/Berlin")
    if unit not in (None, "kg", "lb"):
        raise UsageError(
            f"unknown unit {str(unit)[:20]!r}", "weights are in kg or lb", "give `--unit kg` or `--unit lb`"
        )
    require_name(athlete, "athlete", "give a name of visible characters")
    content = Content(file)
    decoder = registry.detect(content.head, source)
    context = ImportContext(tz, unit, athlete)
    parts = _parts(decoder, content, context)
    header = Header(
        tenant=tenant,
        source=decoder.source,
        decoder=decoder.name,
        upload_id=upload_id,
        received_at=received_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        content_type=_CONTENT_TYPES.get(decoder.name.rpartition(".")[2], "application/octet-stream"),
        parts=len(parts),
        tz=tz,
        unit=unit,
        import_id=import_id,
        file=_bare(file_name),
    )
    raw_header = header.to_bytes()
    records = [
        Record(athlete, number, pack_items(part.items), raw_header, part.payload) for number, part in enumerate(parts)
    ]
    decoded = (_decode(decoder, part, header, athlete) for part in parts)  # one part at a time in memory
    return _account(decoder, records, decoded, parts, context)


def documents_of(plan: ImportPlan) -> list[tuple[str, str]]:
    """The documents of a plan as (source, document), each once, in the order of the file."""
    return list(dict.fromkeys((plan.source, str(entry["document"])) for entry in plan.preview))


def classify(plan: ImportPlan, stored_documents: Collection[tuple[str, str]]) -> Known:
    """Which documents are new, and which are among ``stored_documents`` ((source, document) of the athlete)."""
    new: list[str] = []
    known: list[str] = []
    for pair in documents_of(plan):
        (known if pair in stored_documents else new).append(pair[1])
    return Known(new, known)


def left_out(logged: Record) -> tuple[int, int] | None:
    """How many rows of a record of an import are ignored and rejected; None if its decoder is no longer known."""
    header = parse_header(logged.header)
    try:
        decoder = registry.get(header.decoder)
    except KeyError:
        return None
    found = _decode(decoder, Part(logged.payload, unpack_items(logged.items), ""), header, logged.athlete)
    ignored = {row.item for row in found.ignored}
    return len(ignored), len({row.item for row in found.rejected} - ignored)


def _bare(name: str | None) -> str | None:
    """A file's name without its folders, however its system writes them."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:FILE_NAME_CHARACTERS_MAX] or None


def _parts(decoder: VendorDecoder, content: Content, context: ImportContext) -> list[Part]:
    """The parts of a file; only a decoder of streams gets more than fits into memory."""
    content.limit(registry.bytes_max(decoder) or FILE_BYTES_MAX)
    stream = content if registry.bytes_max(decoder) else io.BytesIO(content.read(FILE_BYTES_MAX + 1))
    parts = list(decoder.parts(cast(BinaryIO, stream), context))
    if not parts:
        raise RefusedError(
            "the file holds no records", f"it is a file of {decoder.source} without any", "record one, and export again"
        )
    return parts


def _decode(decoder: VendorDecoder, part: Part, header: Header, athlete: str) -> VendorDecoded:
    """A part's events; a part that its decoder cannot read is rejected row by row, as the worker does."""
    try:
        return decoder.decode(part.payload, header, athlete, part.items)
    except Exception as problem:  # whatever a payload makes a decoder do, the data is the one at fault
        message = f"Decoder `{decoder.name}` could not read this part ({type(problem).__name__}: {problem})."
        cut = excerpt(part.payload)
        return VendorDecoded(rejected=[RowProblem(item, "unsupported", None, message, cut) for item in part.items])


def _account(
    decoder: VendorDecoder,
    records: list[Record],
    decoded: Iterable[VendorDecoded],
    parts: list[Part],
    context: ImportContext,
) -> ImportPlan:
    reports: dict[int, RowReport] = {item: RowReport(item, "accepted") for part in parts for item in part.items}
    upload = upload_of(parse_header(records[0].header))
    preview: list[dict[str, object]] = []
    notes: dict[str, list[int]] = {}
    for one in decoded:
        _take_notes(notes, one)
        preview += [_preview(_possible(event, upload, notes)) for event in one.events]
        for bad in one.rejected:
            reports[bad.item] = RowReport(bad.item, "rejected", bad.reason, bad.field, bad.message)
        for row in one.ignored:
            reports[row.item] = RowReport(row.item, "ignored", row.reason, message=IN_WORDS.get(row.reason))
    rows = [reports[item] for item in sorted(reports)]
    alive = {str(entry["document"]): str(entry["kind"]) for entry in preview if not entry["deleted"]}
    counts = Counter(report.status for report in rows)
    return ImportPlan(
        decoder=decoder.name,
        source=decoder.source,
        records=records,
        documents=len(alive),
        kinds=dict(Counter(alive.values())),
        rows=len(rows),
        accepted=counts["accepted"],
        ignored=counts["ignored"],
        rejected=counts["rejected"],
        reasons=_reasons(rows),
        preview=preview,
        row_reports=rows,
        duplicates=_duplicates(preview),
        warnings=context.warnings + _told(notes),
    )


def _preview(found: VendorEvent) -> dict[str, object]:
    event = found.event
    sets = event.get("sets") or []
    return {
        "kind": event["kind"],
        "document": event["document"],
        "title": event.get("title", ""),
        "start": next((event[field] for field in _WHEN if event.get(field) is not None), None),
        "what": reading_in_words(event),
        "exercises": list(dict.fromkeys(one["exercise"] for one in sets))[:EXERCISES_SHOWN],
        "deleted": event["kind"] == "delete",
        "row": found.item,
    }


def _reasons(rows: Iterable[RowReport]) -> list[dict[str, object]]:
    first: dict[tuple[str, str], RowReport] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for report in rows:
        if report.reason is not None:
            key = (report.status, report.reason)
            first.setdefault(key, report)
            counts[key] += 1
    return [
        {"status": status, "reason": reason, "count": count, "row": one.row, "field": one.field, "message": one.message}
        for (status, reason), count in counts.most_common()
        for one in [first[status, reason]]
    ]


def _duplicates(preview: list[dict[str, object]]) -> list[dict[str, object]]:
    rows: dict[str, list[object]] = {}
    for entry in preview:
        rows.setdefault(str(entry["document"]), []).append(entry["row"])
    return [{"document": document, "rows": found} for document, found in rows.items() if len(found) > 1]


def _take_notes(rows: dict[str, list[int]], one: VendorDecoded) -> None:
    """Add the warnings of a part's rows: each text with the rows it is about."""
    for note in one.notes:
        rows.setdefault(note.message, []).append(note.item)
    for event in one.events:
        for fields, item in zip(event.event.get("sets") or (), event.rows, strict=False):
            for text in _effort_warnings(fields):
                rows.setdefault(text, []).append(item)


def _possible(found: VendorEvent, upload: Upload, rows: dict[str, list[int]]) -> VendorEvent:
    """An event as the worker will keep it; ``rows`` are told of what it leaves out."""
    event, warnings = kept_of(found.event, upload)
    for text in warnings:
        rows.setdefault(text, []).append(found.item)
    return found._replace(event=event)


def _told(rows: dict[str, list[int]]) -> list[str]:
    """Warnings of rows, each text once with the rows it is about."""
    told = []
    for text, found in rows.items():
        where = f"row {found[0]}" if len(found) == 1 else f"{len(found)} rows, the first is row {min(found)}"
        told.append(f"{text} ({where})")
    return told


def _effort_warnings(fields: dict[str, Any]) -> list[str]:
    """What the worker will say about the effort of a set: values off their scale, scales that disagree."""
    if "effort" not in fields:
        return []
    warnings: list[str] = []
    effort = fields["effort"]
    given = [Effort(**one) for one in effort] if isinstance(effort, list) else Effort(**effort)
    read_efforts(given, "effort", warnings)
    return warnings


__all__ = [
    "ImportPlan",
    "Known",
    "RowReport",
    "classify",
    "documents_of",
    "left_out",
    "plan_import",
]
