"""Query parameters that no route knows are refused: a misspelt filter would answer with everything."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute

from pipeline.gateway.problems import ProblemError

_SHOWN_LENGTH_MAX = 60


def only_known_parameters(request: Request) -> None:
    """Raises a 400 problem that names the first unknown parameter and the known ones."""
    route = request.scope["route"]
    known = sorted(field.alias for field in route.dependant.query_params) if isinstance(route, APIRoute) else []
    unknown = next((name for name in request.query_params if name not in known), None)
    if unknown is None:
        return
    takes = f"this path takes {', '.join(known)}" if known else "this path takes none"
    raise ProblemError(
        400,
        f"unknown query parameter {unknown[:_SHOWN_LENGTH_MAX]!r}: {takes}",
        members={"parameter": unknown[:_SHOWN_LENGTH_MAX], "known": known, "do": "correct its name or leave it out"},
    )
