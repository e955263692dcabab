"""One shape for every error, in the caller's language (contracts 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse


class ApiError(Exception):
    """A request that is not served: HTTP status, a code for machines, a sentence for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        index: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        said = {"code": code, "message": message, "field": field, "index": index}
        self.body = {"error": {name: value for name, value in said.items() if value is not None}}

    def answer(self) -> HttpResponse:
        return answer(self.body, status=self.status, headers=self.headers)


def answer(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """JSON, for any origin and for no cache."""
    response = HttpResponse(orjson.dumps(body), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    response["Access-Control-Allow-Origin"] = "*"
    for name, value in (headers or {}).items():
        response[name] = value
    return response
