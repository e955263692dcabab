"""Facts in, as Segment's SDKs send them (contracts 4): /v1/batch and one call at a time.

A 200 leaves after the commit; everything else says what to do about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from journeys import clock, facts
from journeys.api import keys, reading
from journeys.api.errors import ApiError, answer

logger = logging.getLogger("junro.ingest")

SINGLES = {
    "identify": "identify",
    "group": "group",
    "track": "track",
    "page": "page",
    "screen": "screen",
    "alias": "alias",
    "i": "identify",
    "g": "group",
    "t": "track",
    "p": "page",
    "s": "screen",
    "a": "alias",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding, X-Retry-Count",
    "Access-Control-Max-Age": "86400",
}
View = Callable[..., HttpResponse]


def door(*methods: str) -> Callable[[View], View]:
    """A JSON door: OPTIONS for browsers, 405 for other methods, one error shape, never a 500
    for a database that is away."""

    def wrap(view: View) -> View:
        def opened(request: HttpRequest, **given: Any) -> HttpResponse:
            if request.method == "OPTIONS":
                return answer({}, headers=PREFLIGHT)
            try:
                if request.method not in methods:
                    raise _method_not_allowed(methods)
                return view(request, **given)
            except ApiError as error:
                return error.answer()
            except DatabaseError:
                logger.exception("The database did not take a request")
                return _unavailable().answer()

        return csrf_exempt(opened)

    return wrap


def _method_not_allowed(methods: tuple[str, ...]) -> ApiError:
    message = _("Use %(methods)s here.") % {"methods": ", ".join(methods)}
    headers = {"Allow": ", ".join((*methods, "OPTIONS"))}
    return ApiError(405, "method_not_allowed", message, headers=headers)


def _unavailable() -> ApiError:
    message = _("The database does not answer; nothing was taken. Send it again.")
    return ApiError(503, "unavailable", message, headers={"Retry-After": "5"})


@door("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
def nowhere(request: HttpRequest) -> HttpResponse:
    """Below /v1/ also what is not there answers in JSON."""
    raise ApiError(404, "not_found", _("There is no such address."))


@door("POST")
def batch(request: HttpRequest) -> HttpResponse:
    """POST {"batch": [...], "sentAt"?}: many calls."""
    source, body = _opened(request)
    calls = body.get("batch")
    if not isinstance(calls, list):
        raise ApiError(400, "bad_batch", _("batch must be a list of calls."), field="batch")
    most: int = settings.INGEST_MAX_ITEMS
    if len(calls) > most:
        message = _("A batch may have at most %(n)d calls.") % {"n": most}
        raise ApiError(400, "too_many", message, field="batch")
    return _taken(calls, source, body.get("sentAt"))


@door("POST")
def single(request: HttpRequest, kind: str) -> HttpResponse:
    """POST one call; its type is in the address."""
    source, body = _opened(request)
    return _taken([{**body, "type": SINGLES[kind]}], source, None)


def _opened(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    key, source = keys.authorized(request.headers.get("Authorization"))
    _hold_back(source.name)
    try:
        body = reading.unpacked(
            request,
            request.headers.get("Content-Length"),
            request.headers.get("Content-Encoding"),
        )
    except UnreadablePostError:
        raise ApiError(400, "bad_json", _("The body ended before it was complete.")) from None
    found = reading.document(body)
    keys.refuse_other(key, found.get("writeKey"))
    return source.name, found


def _hold_back(source: str) -> None:
    """429 above INGEST_RATE requests a second and source; no limit when it is 0."""
    most: int = settings.INGEST_RATE
    if not most:
        return
    now = clock.machine()
    slot = f"ingest:{source}:{int(now.timestamp())}"
    cache.add(slot, 0, timeout=5)
    if cache.incr(slot) > most:
        message = _("More than %(n)d requests a second. Send it again later.") % {"n": most}
        raise ApiError(429, "too_fast", message, headers={"Retry-After": "1"})


def _taken(raw: list[Any], source: str, sent_at: object) -> HttpResponse:
    calls, refused = reading.calls(raw)
    verdicts = facts.take(
        calls, source=source, received_at=clock.now(), sent_at=sent_at, refused=refused
    )
    body: dict[str, Any] = {
        "success": True,
        "accepted": verdicts.accepted,
        "duplicates": verdicts.duplicates,
        "rejected": [
            {"index": r.index, "messageId": r.message_id, "code": r.code, "message": r.message}
            for r in verdicts.rejected
        ],
    }
    if verdicts.warned:
        body["warnings"] = [
            {
                "index": w.index,
                "messageId": w.message_id,
                "code": w.problem.code,
                "field": w.problem.field,
                "message": w.problem.message,
            }
            for w in verdicts.warned
        ]
    return answer(body)


@door("GET")
def settings_of(request: HttpRequest, key: str) -> HttpResponse:
    """GET what Segment's browser SDK asks for first: where to send, and that nothing else runs."""
    if keys.source_of(key) is None:
        raise ApiError(404, "unknown_key", _("There is no such write key."))
    return answer(
        {
            "integrations": {
                "Segment.io": {
                    "apiKey": key,
                    "apiHost": f"{request.get_host()}/v1",
                    "protocol": request.scheme,
                    "addBundledMetadata": False,
                    "unbundledIntegrations": [],
                    "maybeBundledConfigIds": {},
                }
            },
            "plan": {"track": {"__default": {"enabled": True}}},
            "edgeFunction": {},
            "analyticsNextEnabled": True,
            "middlewareSettings": {},
            "enabledMiddleware": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )
