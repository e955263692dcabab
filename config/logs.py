"""What is written down about the running of the house: one JSON object a line, no personal data.

Each request has an id, the caller's or our own; it is in every line that was written while it was
answered, and in the answer. Lines name routes, not addresses, because addresses carry tokens.
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")
HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
ADDRESS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;]+")
#: PostgreSQL quotes the offending values here.
DETAIL = re.compile(r"^(DETAIL|CONTEXT|LINE \d+):.*$", re.MULTILINE)
TOKEN = re.compile(r"/m/[^\s\"']+")
access = logging.getLogger("junro.access")


def scrub(text: str) -> str:
    """Without addresses, without values a database quoted, without links that open something."""
    return TOKEN.sub("/m/…", ADDRESS.sub("…@…", DETAIL.sub(r"\1: …", text)))


class Json(logging.Formatter):
    """A record as one line of JSON: at, level, logger, message, request, and what went wrong."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        if said := request_id.get():
            found["request"] = said
        found |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, trace = record.exc_info
            found["error"] = {
                "kind": kind.__name__,
                "message": scrub(str(error)),
                "trace": [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)],
            }
        return json.dumps(found, ensure_ascii=False)


class RequestIdMiddleware:
    """Gives each request its id and writes one line about it when it was answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        own = given if SANE.fullmatch(given) else uuid.uuid4().hex
        mark, began = request_id.set(own), time.monotonic()
        try:
            response = self.get_response(request)
            response[HEADER] = own
            access.info("answered", extra={"fields": _told(request, response, began)})
            return response
        finally:
            request_id.reset(mark)


def _told(request: HttpRequest, response: HttpResponse, began: float) -> dict[str, object]:
    match = getattr(request, "resolver_match", None)
    return {
        "method": request.method,
        "route": match.route if match else "",
        "status": response.status_code,
        "took_ms": round((time.monotonic() - began) * 1000, 1),
    }
