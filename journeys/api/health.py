"""Is it alive? /healthz for machines that restart things, /metrics for machines that draw curves.

The web process never ticks: lateness is read from what engine and sender last wrote down.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import Error as DatabaseError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from journeys import clock
from journeys.api.errors import answer
from journeys.api.ingest import door
from journeys.models import Heartbeat, Inbox, Message

ROLES = ("engine", "sender")
LATE_SECONDS = 90  # I19
UNDER_WAY = ("planned", "held", "claimed", "handed", "uncertain")


@door("GET", "HEAD")
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when web and database answer; with ?strict also engine and sender must be on time."""
    try:
        pulses = _pulses(clock.machine())
    except DatabaseError:
        return answer({"status": "down", "web": "ok", "database": "down"}, status=503)
    late = [role for role, pulse in pulses.items() if pulse["status"] != "ok"]
    body = {"status": "late" if late else "ok", "web": "ok", "database": "ok"} | pulses
    return answer(body, status=503 if late and "strict" in request.GET else 200)


def _pulses(now: datetime) -> dict[str, Any]:
    """For each role its status, seconds since its last work, and how many of them are too many."""
    seen = dict(Heartbeat.objects.filter(role__in=ROLES).values_list("role", "at"))
    return {role: _pulse(seen.get(role), now) for role in ROLES}


def _pulse(at: datetime | None, now: datetime) -> dict[str, Any]:
    if at is None:
        return {"status": "never_seen", "seen_at": None, "late_seconds": None}
    silent = max(0.0, (now - at).total_seconds())
    return {
        "status": "late" if silent > LATE_SECONDS else "ok",
        "seen_at": at.isoformat(),
        "late_seconds": round(silent, 1),
    }


@door("GET", "HEAD")
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Only what is cheap to ask; nothing about persons."""
    lines = [
        "# HELP junro_late_seconds Seconds since a process last did its work.",
        "# TYPE junro_late_seconds gauge",
        *(
            f'junro_late_seconds{{role="{role}"}} {pulse["late_seconds"]}'
            for role, pulse in _pulses(clock.machine()).items()
            if pulse["late_seconds"] is not None
        ),
        "# HELP junro_messages Messages on their way, by state.",
        "# TYPE junro_messages gauge",
        *(f'junro_messages{{state="{state}"}} {count}' for state, count in _on_their_way()),
        "# HELP junro_waiting_calls Calls about somebody nobody knows yet.",
        "# TYPE junro_waiting_calls gauge",
        f"junro_waiting_calls {Inbox.objects.filter(adopted_at=None).count()}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; version=0.0.4; charset=utf-8")


def _on_their_way() -> QuerySet[Message, tuple[str, int]]:
    under_way = Message.objects.filter(state__in=UNDER_WAY).order_by("state")
    return under_way.values("state").annotate(n=Count("pk")).values_list("state", "n")
