"""Claiming: which messages this sender prepares next, and for how long nobody else may.

Leases run on the database's clock, so that no host's clock decides anything; what is due is a
decision and goes by `now`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, F, Func, Q, QuerySet
from django.db.models.functions import Greatest

from journeys import db
from journeys.faults import faultpoint
from journeys.models import Message

State = Message.State


class DatabaseClock(Func):
    """The moment the database says it is, also late in a long transaction."""

    template = "CLOCK_TIMESTAMP()"
    output_field = DateTimeField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW')"
        return self.as_sql(compiler, connection, template=template, **context)


def lease() -> timedelta:
    return timedelta(seconds=settings.SENDER_LEASE_SECONDS)


def due(now: datetime) -> QuerySet[Message]:
    """E-mails released to the sender whose time has come, and those a dead sender left behind.

    A lease longer than any is given is no lease: the database's clock went back meanwhile (I14).
    Taking such a message over is safe, for its sender would have to pass the fence first.
    """
    waiting = Q(state=State.PLANNED, released_at__isnull=False, due_at__lte=now)
    over = Q(lease_until__lt=DatabaseClock()) | Q(lease_until__gt=DatabaseClock() + 2 * lease())
    return Message.objects.filter(waiting | (Q(state=State.CLAIMED) & over), channel="email")


def claim(now: datetime, most: int) -> list[Message]:
    """Claim up to `most` due messages for us alone; each has our token and a lease.

    Those tried least come first, and whatever was tried before travels alone: a message that kills
    its sender takes nobody with it twice, and does not stop the others (I18).
    """
    faultpoint("claim.before")
    token = uuid.uuid4()
    with transaction.atomic():
        rows = db.skip_locked(due(now).order_by("attempts", "due_at", "pk"))
        found = list(rows.values_list("pk", "attempts")[:most])
        ids = [pk for pk, attempts in found if attempts == 0] or [pk for pk, _tried in found[:1]]
        Message.objects.filter(pk__in=ids).update(
            state=State.CLAIMED,
            token=token,
            lease_until=DatabaseClock() + lease(),
            attempts=F("attempts") + 1,
        )
    faultpoint("claim.after")
    return list(ours(token, State.CLAIMED).order_by("pk"))


def ours(token: uuid.UUID | None, *states: State) -> QuerySet[Message]:
    """Messages that still carry our token in one of these states."""
    rows = Message.objects.filter(token=token, state__in=states)
    return rows.select_related("template_version", "contact", "person")


def give_back(messages: Iterable[Message], *, untried: bool = True) -> int:
    """Return messages we know were not handed over, as if never claimed; how many.

    Only where they are still ours. `untried`: this did not count as an attempt.
    """
    by_token: dict[uuid.UUID | None, list[int]] = {}
    for message in messages:
        by_token.setdefault(message.token, []).append(message.pk)
    tried = Greatest(F("attempts") - 1, 0) if untried else F("attempts")
    return sum(
        _still(ids, token).update(
            state=State.PLANNED, token=None, lease_until=None, handed_at=None, attempts=tried
        )
        for token, ids in by_token.items()
    )


def _still(ids: Collection[int], token: uuid.UUID | None) -> QuerySet[Message]:
    return Message.objects.filter(pk__in=ids, token=token, state__in=(State.CLAIMED, State.HANDED))


def crashes(message: Message) -> int:
    """How often a sender died with this message in its hands: attempts that got no answer."""
    refusals = (message.frozen or {}).get("refusals", 0)
    return max(0, message.attempts - 1 - int(refusals))


def token_of(messages: Sequence[Message]) -> uuid.UUID | None:
    return messages[0].token if messages else None
