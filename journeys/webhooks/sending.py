"""The sender of webhooks: claim → sign and post → write down what was said. At least once.

What a dead sender left behind is sent again: the receiver knows it by its id. A delivery is signed
with the machine's time, since the receiver compares it with its own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from journeys import clock, db, outside, permission
from journeys.ledger import Reason
from journeys.models import Enrollment, WebhookDelivery
from journeys.webhooks import calling, secrets
from journeys.webhooks.calling import Answer
from journeys.webhooks.settling import End, settle, write

State = WebhookDelivery.State
#: How many are posted side by side; one slow receiver costs the others at most its five seconds.
BATCH = 8
MOST_CRASHES = 3
#: How long others go first after a receiver did not answer.
BREATHER = timedelta(minutes=1)


@dataclass
class Sent:
    """What one pass did. `held` says why nothing was sent at all, "" when it was not held."""

    claimed: int = 0
    accepted: int = 0
    later: int = 0
    given_up: int = 0
    held: str = ""


def send_due(now: datetime, *, limit: int = 200, seconds: float = 15.0) -> Sent:
    """Post what is due, at most `limit` deliveries and about `seconds` long; what was done.

    Call it outside any transaction. Sends nothing while everything is paused (R36) or while this
    installation may not speak to the outside.
    """
    total = Sent()
    if not _waiting(now).exists():
        return total
    total.held = str(outside.hindrance()) or ("paused" if permission.everything_paused(now) else "")
    until = time.monotonic() + seconds
    while not total.held and total.claimed < limit and time.monotonic() < until:
        batch = _claim(now, min(BATCH, limit - total.claimed))
        if not batch:
            break
        total.claimed += len(batch)
        _send(batch, now, total)
    return total


def _waiting(now: datetime) -> QuerySet[WebhookDelivery]:
    due = Q(state=State.WAITING, next_at__lte=now)
    left_behind = Q(state=State.CLAIMED, lease_until__lt=Now())
    return WebhookDelivery.objects.filter(due | left_behind)


def _claim(now: datetime, most: int) -> list[WebhookDelivery]:
    """Up to `most` deliveries for us alone, attempts counted before they begin.

    What a sender died with travels alone, so that it takes nobody with it twice (I18).
    """
    token = uuid.uuid4()
    with transaction.atomic():
        rows = db.skip_locked(_waiting(now).order_by("attempts", "next_at", "pk"))
        found = list(rows.values_list("pk", "attempts", "answered")[:most])
        ids = [pk for pk, tried, answered in found if tried == answered]
        ids = ids or [pk for pk, _tried, _answered in found[:1]]
        WebhookDelivery.objects.filter(pk__in=ids).update(
            state=State.CLAIMED,
            token=token,
            lease_until=Now() + timedelta(seconds=settings.SENDER_LEASE_SECONDS),
            attempts=F("attempts") + 1,
        )
    ours = WebhookDelivery.objects.filter(token=token, state=State.CLAIMED)
    return list(ours.select_related("endpoint__owner").order_by("pk"))


def _send(batch: Sequence[WebhookDelivery], now: datetime, total: Sent) -> None:
    over = _over(batch)
    posting = [row for row in batch if row.pk not in over]
    answers = _post(posting)
    with transaction.atomic():
        ends = settle(over, now)
        ends |= write(list(zip(posting, answers, strict=True)), now)
        _let_others_go_first([row for row in posting if ends.get(row.pk) == End.LATER], now)
    total.accepted += sum(end == End.ACCEPTED for end in ends.values())
    total.later += sum(end == End.LATER for end in ends.values())
    total.given_up += sum(end in (End.GIVEN_UP, End.CANCELLED) for end in ends.values())


def _over(batch: Sequence[WebhookDelivery]) -> dict[int, tuple[WebhookDelivery, End, Reason]]:
    """What is not posted any more, and why."""
    enrollments = {row.enrollment_id for row in batch if row.enrollment_id}
    live = Enrollment.objects.filter(pk__in=enrollments, status=Enrollment.Status.IN)
    inside = set(live.values_list("pk", flat=True)) if enrollments else set()
    found: dict[int, tuple[WebhookDelivery, End, Reason]] = {}
    for row in batch:
        if row.attempts - 1 - row.answered >= MOST_CRASHES:
            found[row.pk] = (row, End.GIVEN_UP, Reason.CRASHED)
        elif not row.endpoint.active:
            found[row.pk] = (row, End.GIVEN_UP, Reason.NO_CHANNEL)
        elif row.enrollment_id and row.enrollment_id not in inside:
            found[row.pk] = (row, End.CANCELLED, Reason.STAGE_LEFT)
    return found


def _post(rows: Sequence[WebhookDelivery]) -> list[Answer]:
    """Post them side by side; the threads do not touch the database."""
    if not rows:
        return []
    at = clock.machine()
    with ThreadPoolExecutor(max_workers=len(rows)) as pool:
        return list(pool.map(lambda row: _post_one(row, at), rows))


def _post_one(row: WebhookDelivery, at: datetime) -> Answer:
    try:
        signed = secrets.headers(row.endpoint.secret, id_of(row), row.body, at)
    except InvalidToken:
        return Answer(error="the secret was sealed with another SECRET_KEY: give it a new one")
    return calling.post(row.endpoint.url, row.body, signed)


def forget(now: datetime, *, most: int = 500) -> int:
    """Delete the log of what ended WEBHOOK_KEEP_DAYS ago, oldest first; how many deliveries."""
    oldest = WebhookDelivery.objects.order_by("pk").values_list("pk", "settled_at")[:most]
    limit = now - timedelta(days=settings.WEBHOOK_KEEP_DAYS)
    over = [pk for pk, settled_at in oldest if settled_at and settled_at < limit]
    if over:
        WebhookDelivery.objects.filter(pk__in=over).delete()
    return len(over)


def id_of(row: WebhookDelivery) -> str:
    """The id by which the receiver knows it again, the same at every attempt."""
    return f"msg_{row.uid.hex}"


def _let_others_go_first(failed: Sequence[WebhookDelivery], now: datetime) -> None:
    """A receiver that did not take one is not asked to take its others at once."""
    WebhookDelivery.objects.filter(
        endpoint__in={row.endpoint_id for row in failed}, state=State.WAITING, next_at__lte=now
    ).update(next_at=now + BREATHER)
