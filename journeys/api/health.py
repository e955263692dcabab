"""Is it alive? /healthz for machines that restart things. The web process never ticks: lateness is
read from what engine and sender last wrote down, by the database's clock."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from journeys import clock, outside, pulse
from journeys.api import metering
from journeys.api.errors import answer
from journeys.api.ingest import door

logger = logging.getLogger("junro")


@door("GET", "HEAD")
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when web and database answer; with ?strict also engine and sender must be on time.

    `sending` says whether letters may leave: ok, held (after a restore) or copied.
    """
    try:
        seen = pulse.pulses()
        sending = outside.standing()
    except DatabaseError:
        return answer({"status": "down", "web": "ok", "database": "down"}, status=503)
    late = [role for role, one in seen.items() if one.status != "ok"]
    body = {
        "status": "late" if late else "ok",
        "web": "ok",
        "database": "ok",
        "version": settings.VERSION,
        "sending": sending,
        **{role: one.as_json() for role, one in seen.items()},
    }
    return answer(body, status=503 if late and "strict" in request.GET else 200)


@door("GET", "HEAD")
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Only what is cheap to ask; nothing about persons."""
    kind = "text/plain; version=0.0.4; charset=utf-8"
    return HttpResponse(metering.page(clock.now()), content_type=kind)
