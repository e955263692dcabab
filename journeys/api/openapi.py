"""/v1/openapi.json: every JSON door, for people and for generators (contracts 4).

Rooms above describe their own doors at start-up: `describe("/v1/progress", {...})`.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from journeys.api.errors import answer
from journeys.api.ingest import SINGLES, door

Json = dict[str, Any]
DOORS: dict[str, Json] = {}


def describe(path: str, item: Json) -> None:
    """Add the OpenAPI path item of a door."""
    DOORS[path] = item


def schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def json_of(name: str, description: str) -> Json:
    """A response with a body of a named schema."""
    return {"description": description, "content": {"application/json": {"schema": schema(name)}}}


def refusals(*statuses: int) -> Json:
    """The responses in the shape every error has."""
    said = {
        400: "Not readable: bad_json, not_utf8, too_deep, bad_gzip, bad_batch, too_many, duplicate_key",
        401: "invalid_key: the write key is missing, unknown or revoked",
        403: "other_key, bad_ticket: the body does not fit who sends it",
        404: "There is nothing here",
        405: "method_not_allowed",
        413: "too_large: packed or unpacked",
        429: "too_fast: only where INGEST_RATE is set; Retry-After says when to come again",
        503: "unavailable: nothing was taken; Retry-After says when to come again",
    }
    return {str(status): json_of("Error", said[status]) for status in statuses}


def _taking(summary: str, body: str) -> Json:
    return {
        "post": {
            "summary": summary,
            "description": (
                "200 also when every call is bad: each has its verdict. Accepted means committed. "
                "The content type is not looked at; gzip is accepted."
            ),
            "security": [{"writeKey": []}],
            "requestBody": {"content": {"application/json": {"schema": schema(body)}}},
            "responses": {
                "200": json_of("Verdicts", "What became of each call"),
                **refusals(400, 401, 403, 405, 413, 429, 503),
            },
        }
    }


def _asking(summary: str, responses: Json) -> Json:
    return {"get": {"summary": summary, "responses": responses}}


def _paths() -> Json:
    pulse = {
        "200": json_of("Health", "Web and database answer"),
        "503": json_of("Health", "The database is down, or (?strict) a process is late"),
    }
    settings_of = _asking(
        "What Segment's browser SDK asks for first",
        {"200": {"description": "Where to send"}, **refusals(404, 405)},
    )
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/v1/batch": _taking("Many calls", "Batch"),
        **{
            f"/v1/{path}": _taking(f"One {kind} call", "CallWithoutType")
            for path, kind in SINGLES.items()
        },
        "/v1/projects/{key}/settings": settings_of | {"parameters": [key]},
        "/v1/openapi.json": _asking("This description", {"200": {"description": "OpenAPI 3.1"}}),
        "/healthz": _asking("Is it alive", pulse),
        **DOORS,
    }


def _object(required: list[str], **properties: Json) -> Json:
    return {"type": "object", "required": required, "properties": properties}


def _schemas() -> Json:
    text: Json = {"type": "string"}
    whole: Json = {"type": "integer"}
    free: Json = {"type": "object", "additionalProperties": True}
    call = {
        "messageId": text | {"maxLength": 200, "description": "Unique for the source; first wins"},
        "userId": text | {"maxLength": 200},
        "anonymousId": text | {"maxLength": 200},
        "previousId": text | {"description": "alias: the former id"},
        "groupId": text | {"description": "group: the account"},
        "event": text | {"description": "track: what happened"},
        "timestamp": text | {"format": "date-time"},
        "sentAt": text | {"format": "date-time", "description": "The sender's clock"},
        "properties": free,
        "traits": free,
        "context": _object([], groupId=text, product=text),
    }
    kinds = sorted(set(SINGLES.values()))
    rejected = _object(
        ["index", "messageId", "code", "message"],
        index=whole,
        messageId={"type": ["string", "null"]},
        code=text,
        message=text,
    )
    warning = _object(["index", "code", "field", "message"], index=whole, code=text, field=text)
    error = _object(["code", "message"], code=text, message=text, field=text, index=whole)
    pulse = _object(["status"], status=text, late_seconds={"type": ["number", "null"]})
    return {
        "CallWithoutType": _object([], **call),
        "Call": _object(["type"], type=text | {"enum": kinds}, **call),
        "Batch": _object(
            ["batch"],
            batch={"type": "array", "items": schema("Call"), "maxItems": settings.INGEST_MAX_ITEMS},
            sentAt=text | {"format": "date-time"},
        ),
        "Verdicts": _object(
            ["success", "accepted", "duplicates", "rejected"],
            success={"const": True},
            accepted=whole,
            duplicates=whole,
            rejected={"type": "array", "items": rejected},
            warnings={"type": "array", "items": warning},
        ),
        "Error": _object(["error"], error=error),
        "Health": _object(
            ["status"],
            status=text,
            database=text,
            version=text,
            engine=pulse,
            sender=pulse,
            sending=text | {"enum": ["ok", "held", "copied"]},
        ),
    }


@door("GET")
def document(request: HttpRequest) -> HttpResponse:
    """The description itself."""
    return answer(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Junro",
                "version": "1",
                "description": 'Every error is {"error": {code, message, field?, index?}}.',
            },
            "servers": [{"url": settings.BASE_URL}],
            "paths": _paths(),
            "components": {
                "schemas": _schemas(),
                "securitySchemes": {
                    "writeKey": {
                        "type": "http",
                        "scheme": "basic",
                        "description": "The write key is the user name; the password is empty.",
                    }
                },
            },
        }
    )
