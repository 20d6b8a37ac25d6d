"""Vendor files: planned, shown, appended whole or not at all, and taken back by their import id."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from pipeline.clock import Clock
from pipeline.errors import RefusedError, UsageError
from pipeline.gateway.ids import new_id
from pipeline.gateway.imports import ImportPlan, classify, documents_of, plan_import
from pipeline.gateway.log_only import no_tables
from pipeline.gateway.service import Panels, Service

ATHLETE_CHARACTERS_MAX = 200
ROWS_TOLD_MAX = 1000
RECENT_MAX = 1000


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What a sender says about a file."""

    athlete: str
    tenant: str
    source: str = "auto"
    tz: str | None = None
    unit: str | None = None
    preview: bool = False
    file_name: str | None = None

    def check(self) -> None:
        """Raises UsageError for what can be seen to be wrong without the file."""
        if not self.athlete.strip() or len(self.athlete) > ATHLETE_CHARACTERS_MAX:
            raise UsageError(
                "an import needs the athlete it belongs to",
                f"the name must have 1 to {ATHLETE_CHARACTERS_MAX} characters",
                "give it, for example `--athlete ana`",
            )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file; ``rows`` = ``accepted`` + ``ignored`` + ``rejected``.

    ``import_id`` is None for a preview, ``end`` (the log's end after it) when nothing was appended.
    ``known_documents`` are stored already: the new version takes their place; None where there are no tables to ask.
    ``told`` are the first
    rows that were not accepted.
    """

    import_id: str | None
    decoder: str
    source: str
    documents: int
    kinds: dict[str, int]
    new_documents: int | None
    known_documents: int | None
    rows: int
    accepted: int
    ignored: int
    rejected: int
    reasons: list[dict[str, Any]]
    told: list[dict[str, Any]]
    preview: list[dict[str, Any]]
    duplicates: list[dict[str, Any]]
    warnings: list[str]
    end: int | None

    def as_answer(self) -> dict[str, Any]:
        """The report for a sender: the place in the log is not theirs to know."""
        answer = asdict(self)
        del answer["end"]
        return answer


class FileImports:
    """Imports of vendor files; ``panels`` is None where there are no tables beside the door."""

    def __init__(self, service: Service, panels: Panels | None, clock: Clock) -> None:
        self._service, self._panels, self._clock = service, panels, clock
        self._recent: dict[tuple[str, str], None] = {}  # appended here, perhaps not in the tables yet

    def take(self, stream: BinaryIO, request: FileRequest) -> ImportReport:
        """Plan the file and, unless it is a preview, append it durably; raises when the whole file is refused."""
        request.check()
        now = self._clock.now()
        import_id = "imp-" + new_id(now)
        plan = plan_import(
            stream,
            athlete=request.athlete,
            tenant=request.tenant,
            source=request.source,
            tz=request.tz,
            unit=request.unit,
            received_at=now,
            import_id=import_id,
            upload_id=import_id,
            file_name=request.file_name,
        )
        known = self._count_known(plan, request)
        if request.preview:
            return _report(plan, known, None, None)
        end = self._service.append(plan.records) if plan.records else None
        self._recent[request.tenant, import_id] = None
        if len(self._recent) > RECENT_MAX:
            self._recent.pop(next(iter(self._recent)))
        return _report(plan, known, import_id, end)

    def knows(self, tenant: str, import_id: str) -> bool:
        """Whether this tenant has an import of that id that was not taken back.

        Without tables only those that came through this door since it started are known; of others a problem is raised.
        """
        if (tenant, import_id) in self._recent:
            return True
        if self._panels is None:
            raise no_tables()
        return bool(self._panels.rows("import_known", tenant, import_id))

    def undo(self, tenant: str, import_id: str) -> int:
        """Withdraw an import; raises RefusedError when this tenant has none of that id. Returns the log's end."""
        if not self.knows(tenant, import_id):
            raise RefusedError(
                f"there is no import {import_id[:80]!r} to take back",
                "no upload of this tenant has that id, or it was taken back before",
                "the id is printed by `spotter import`",
            )
        self._recent.pop((tenant, import_id), None)
        return self._service.withdraw_import(tenant, import_id)

    def _count_known(self, plan: ImportPlan, request: FileRequest) -> int | None:
        if self._panels is None:
            return None
        documents = [document for _, document in documents_of(plan)]
        stored = self._panels.rows("documents_known", request.tenant, request.athlete, plan.source, documents)
        return len(classify(plan, {(plan.source, str(row["document_id"])) for row in stored}).known)


def _report(plan: ImportPlan, known: int | None, import_id: str | None, end: int | None) -> ImportReport:
    told = [asdict(row) for row in plan.row_reports if row.status == "rejected"][:ROWS_TOLD_MAX]
    return ImportReport(
        import_id=import_id,
        decoder=plan.decoder,
        source=plan.source,
        documents=plan.documents,
        kinds=plan.kinds,
        new_documents=None if known is None else len(documents_of(plan)) - known,
        known_documents=known,
        rows=plan.rows,
        accepted=plan.accepted,
        ignored=plan.ignored,
        rejected=plan.rejected,
        reasons=plan.reasons,
        told=told,
        preview=plan.preview,
        duplicates=plan.duplicates,
        warnings=plan.warnings,
        end=end,
    )
