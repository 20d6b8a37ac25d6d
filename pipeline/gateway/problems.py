"""Errors of a whole request as RFC 9457 problem documents."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from pipeline.errors import QueryError, RefusedError, SpotterError, StorageError, UsageError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_STORAGE_S = 10

_TITLES = {
    400: "The request cannot be understood",
    401: "A valid key is needed",
    403: "The key does not allow this",
    404: "Not found",
    405: "The method is not allowed here",
    408: "The body took too long",
    413: "The body is too large",
    415: "The content type is not supported",
    421: "The host is not served here",
    422: "Nothing could be taken",
    429: "Too many requests",
    500: "Something went wrong here",
    501: "Not served here",
    503: "Not available at the moment",
}


class ProblemError(Exception):
    """Raised anywhere while a request is handled; becomes the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.headers, self.members = dict(headers or {}), dict(members or {})

    def response(self) -> Response:
        """The problem document."""
        body = {
            "type": "about:blank",
            "title": _TITLES.get(self.status, "The request failed"),
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        return Response(orjson.dumps(body), self.status, self.headers, MEDIA_TYPE)


def from_error(error: SpotterError) -> ProblemError:
    """What a caller is told about an error of the pipeline."""
    sentences = [error.what]
    if isinstance(error, StorageError):
        # why and where is for the operator's log; a sender only needs to come again
        return ProblemError(503, error.what, headers={"Retry-After": str(RETRY_AFTER_STORAGE_S)})
    if error.why:
        sentences.append(error.why)
    members = {"do": error.do} if error.do else {}
    status = 500
    if isinstance(error, RefusedError):
        status = 422
    elif isinstance(error, UsageError | QueryError):
        status = 400
    return ProblemError(status, ": ".join(sentences), members=members)
