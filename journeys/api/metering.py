"""What /metrics says, in Prometheus' text format: numbers that are cheap to ask, no persons.

Written by hand: seven gauges read from rows need no client library and no shared memory between
web processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from django.db.models import Count, Min

from journeys import outside, pulse
from journeys.models import Inbox, Message, Tick

UNDER_WAY = ("planned", "held", "claimed", "handed", "uncertain")
Sample = tuple[Mapping[str, str], float]


def page(now: datetime) -> str:
    """The whole page; a handful of SELECTs, each over an index or a small table."""
    seen = pulse.pulses()
    late = [({"role": r}, p.late_seconds) for r, p in seen.items() if p.late_seconds is not None]
    processes = [({"role": r}, p.processes) for r, p in seen.items()]
    lines = [
        *gauge("junro_late_seconds", "Seconds since a process last did its work.", late),
        *gauge("junro_processes", "Processes seen in the last 90 seconds.", processes),
        *gauge("junro_messages", "Messages on their way, by state.", _on_their_way()),
        *gauge(
            "junro_oldest_due_seconds", "How long the oldest released message is overdue.",
            [({}, _oldest_due(now))],
        ),
        *gauge("junro_tick_seconds", "How long the newest tick took.", [({}, _newest_tick())]),
        *gauge(
            "junro_sending_held", "1 while nothing may leave: a copy, or after a restore.",
            [({}, float(outside.standing() != "ok"))],
        ),
        *gauge(
            "junro_waiting_calls", "Calls about somebody nobody knows yet.",
            [({}, Inbox.objects.filter(adopted_at=None).count())],
        ),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def gauge(name: str, help_text: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        said = ",".join(f'{key}="{word}"' for key, word in labels.items())
        yield f"{name}{{{said}}} {value:g}" if said else f"{name} {value:g}"


def _on_their_way() -> list[Sample]:
    under_way = Message.objects.filter(state__in=UNDER_WAY).order_by("state")
    counted = under_way.values("state").annotate(n=Count("pk")).values_list("state", "n")
    return [({"state": state}, n) for state, n in counted]


def _oldest_due(now: datetime) -> float:
    """Seconds; 0 when nothing that was released waits longer than it should."""
    waits = Message.objects.filter(
        channel="email", state__in=("planned", "claimed"), released_at__isnull=False
    )
    due = waits.filter(due_at__lte=now).aggregate(due=Min("due_at"))["due"]
    return (now - due).total_seconds() if due else 0.0


def _newest_tick() -> float:
    took = Tick.objects.order_by("-at").values_list("took_ms", flat=True).first()
    return (took or 0) / 1000
