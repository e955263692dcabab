"""G11: what the alarm clock costs beside the work it rings for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from django.core import mail
from django.test.utils import override_settings
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.monitor import save_task
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from benchmarks.goals import Line
from benchmarks.population import NOW
from journeys import clock, engine, steps
from journeys.messages import delivery
from journeys.models import Message

LETTERS = 1_000
SWEEPS = 20


def lines(database: str) -> Iterator[Line]:
    """Tasks for each letter and their processor time, beside a tick and its letters' sending.

    Needs the enrollments of ticks.py: their letters are released and handed to a backend in memory.
    """
    waiting = list(Message.objects.filter(state="planned").values_list("pk", flat=True)[:LETTERS])
    Message.objects.filter(pk__in=waiting).update(
        due_at=NOW, released_at=NOW, expires_at=NOW + timedelta(days=400)
    )
    began = time.process_time()
    engine.tick(NOW)
    steps.run_due(NOW)
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        sent = delivery.send_due(clock.now(), limit=LETTERS).accepted
    work = time.process_time() - began
    assert sent, "no letter left"
    queued = _sweep_costs()
    yield Line("G11", database, "letters for each task of the queue", sent, 500, unit="",
               detail="one sweep looks for all that is due")  # fmt: skip
    yield Line("G11", database, "processor time of a sweep's task beside its work", 100 * queued / work, 2,
               unit="%", at_most=True, detail=f"{queued * 1000:.1f} ms beside {work * 1000:,.0f} ms for {sent:,}")  # fmt: skip


def _sweep_costs() -> float:
    """Processor seconds of one task's way through the queue: in, out, its result, its end."""
    broker = get_broker()
    began = time.process_time()
    for _n in range(SWEEPS):
        async_task("journeys.tasks.once")
        for key, payload in broker.dequeue():
            task = SignedPackage.loads(payload)
            task |= {
                "result": None,
                "success": True,
                "stopped": task["started"],
                "ack_failure": True,
            }
            save_task(task, broker)
            broker.acknowledge(key)
    spent = (time.process_time() - began) / SWEEPS
    OrmQ.objects.all().delete()
    return spent
