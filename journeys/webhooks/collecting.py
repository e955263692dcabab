"""Reading on: what other rooms wrote since the last look becomes deliveries.

Rows are the batons: nobody calls this room when something happens. A transaction may commit a row
with an older id after a newer one was seen, so a mark is safe only when it is ten minutes old; what
lies after it is looked at again, and a key that is there already is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from journeys.models import WebhookDelivery, WebhookEndpoint, WebhookMark
from journeys.webhooks import outbox
from journeys.webhooks.sources import SOURCES, Source

PAGE = 1_000
RIPE = timedelta(minutes=10)


def collect(now: datetime) -> int:
    """Write what there is to tell; how many deliveries. Constant statements for up to 1,000 rows
    an event, one more set for each further 1,000."""
    endpoints = [e for e in WebhookEndpoint.objects.filter(active=True).order_by("pk") if e.events]
    wanted = [s for s in SOURCES if any(s.event in e.events for e in endpoints)]
    if not wanted:
        return 0
    with transaction.atomic():
        return sum(_read_on(source, endpoints, now) for source in wanted)


def begins() -> dict[str, int]:
    """Where a receiver that is switched on now begins: after everything there is."""
    return {source.event: source.newest() for source in SOURCES}


def _read_on(source: Source, endpoints: Sequence[WebhookEndpoint], now: datetime) -> int:
    theirs = [e for e in endpoints if source.event in e.events]
    first = min(int(e.begins.get(source.event, 0)) for e in theirs)
    # Held until the end: one process at a time reads on.
    mark = _mark(source)
    newest = source.newest()
    written = 0
    for rows in _pages(source, max(first, mark.safe_id)):
        written += outbox.write(_deliveries(source, rows, theirs, now))
    _note(mark, newest)
    return written


def _deliveries(
    source: Source, rows: list[object], endpoints: Sequence[WebhookEndpoint], now: datetime
) -> Iterator[WebhookDelivery]:
    for pk, told in source.tell(rows):
        for endpoint in endpoints:
            if pk > int(endpoint.begins.get(source.event, 0)):
                yield outbox.delivery(told, endpoint, now)


def _pages(source: Source, after: int) -> Iterator[list[object]]:
    while True:
        rows = list(source.rows(after).order_by("pk")[:PAGE])
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1].pk


def _mark(source: Source) -> WebhookMark:
    """The source's mark, locked; `ripe` says whether its newest id is safe by now. The age goes by
    the database's clock: transactions last in real time, also where the doors' clock does not."""
    WebhookMark.objects.get_or_create(source=source.event, defaults={"noted_at": Now()})
    ripe = ExpressionWrapper(Q(noted_at__lt=Now() - RIPE), output_field=BooleanField())
    rows = WebhookMark.objects.select_for_update().annotate(ripe=ripe)
    return rows.get(source=source.event)


def _note(mark: WebhookMark, newest: int) -> None:
    if mark.ripe:  # type: ignore[attr-defined]
        WebhookMark.objects.filter(pk=mark.pk).update(
            safe_id=mark.newest_id, newest_id=newest, noted_at=Now()
        )
