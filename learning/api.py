"""POST /v1/progress: what a page tells about being read (contracts 4)."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from journeys import clock
from journeys.api import openapi
from learning.models import LessonPage, Progress
from learning.progress import BadTicket, Seen, open_ticket, take
from learning.wording import when_completed

MOST_BYTES = 64_000  # what a browser's keepalive allows
MOST_BLOCKS = 500
MOST_MS = 30 * 24 * 3_600_000


class Refused(ValueError):
    """A beacon that cannot be taken, in the contract's error shape."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


WHOLE = {"type": "integer", "minimum": 0}
#: The door as /v1/openapi.json tells of it.
DESCRIPTION: dict[str, Any] = {
    "post": {
        "summary": "What a page tells about being read",
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["ticket"],
                        "properties": {
                            "ticket": {"type": "string"},
                            "active_ms": WHOLE,
                            "open_ms": WHOLE,
                            "blocks": {"type": "array", "items": {"type": "string"}},
                        },
                    }
                }
            }
        },
        "responses": {
            "200": {"description": "Where the reader stands; repeated beacons change nothing"},
            **openapi.refusals(400, 403, 405, 413),
        },
    }
}


# The ticket in the body is the proof, and a beacon sent while a page closes has no headers.
@csrf_exempt
def progress(request: HttpRequest) -> JsonResponse:
    """Body: JSON {"ticket", "active_ms", "open_ms", "blocks": [id]}, any content type.

    Answer: {"state", "percent", "seconds_left", "blocks_left", "completed"?}. A repeated or late
    beacon gets 200 and changes nothing.
    """
    try:
        if request.method != "POST":
            raise Refused(405, "method_not_allowed", _("Send this with POST."))
        body = _body(request)
        ticket = open_ticket(_text(body, "ticket"))
        with transaction.atomic():  # what is taken and what is said about it are one (I40)
            row = take(ticket=ticket, seen=_seen(body), now=clock.now())  # noqa: TID251 -- a door
            said = _answer(row, ticket.page_id)
    except BadTicket:
        return _error(Refused(403, "bad_ticket", _("The page has to be opened again."), "ticket"))
    except Refused as refused:
        return _error(refused)
    return JsonResponse(said)


def _answer(row: Progress | None, page_id: int) -> dict[str, Any]:
    if row is None:
        return {"state": "seen"}
    lesson = LessonPage.objects.get(pk=page_id)
    at = lesson.standing(row.active_ms, row.blocks)
    left = {"percent": row.percent, "seconds_left": at.seconds_left, "blocks_left": at.blocks_left}
    if row.state != Progress.State.COMPLETED:
        return {"state": row.state, **left}
    return {"state": row.state, **left, "completed": when_completed(row)}


def _body(request: HttpRequest) -> dict[str, Any]:
    if (
        int(request.headers.get("content-length") or 0) > MOST_BYTES
        or len(request.body) > MOST_BYTES
    ):
        raise Refused(413, "too_large", _("The message is too large."))
    try:
        body = json.loads(request.body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json", _("This is not JSON.")) from error
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", _("A JSON object was expected."))
    return body


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _seen(body: dict[str, Any]) -> Seen:
    blocks = body.get("blocks", [])
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        raise Refused(400, "bad_value", _("A list of block ids was expected."), "blocks")
    return Seen(
        active_ms=_milliseconds(body, "active_ms"),
        open_ms=_milliseconds(body, "open_ms"),
        blocks=frozenset(block for block in blocks if isinstance(block, str)),
    )


def _milliseconds(body: dict[str, Any], name: str) -> int:
    value: Any = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_MS:
        raise Refused(400, "bad_value", _("Whole milliseconds were expected."), name)
    return int(value)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Refused(400, "bad_value", _("A text was expected."), name)
    return value


def _error(refused: Refused) -> JsonResponse:
    error: dict[str, Any] = {"code": refused.code, "message": str(refused)}
    if refused.field:
        error["field"] = refused.field
    return JsonResponse({"error": error}, status=refused.status)
