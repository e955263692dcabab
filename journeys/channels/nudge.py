"""In-app nudges: nothing is handed over, a planned nudge is there for whoever comes by.

Looking changes nothing; "shown" and the person's answers are posted. What was dismissed, withdrawn
or has expired is never served again, on no device (I29).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from journeys import conditions
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, Ask
from journeys.messages import rendering, targets
from journeys.messages.links import uid_of
from journeys.models import Click, Contact, Enrollment, Link, Message

logger = logging.getLogger("junro")
State = Message.State
OPEN = (State.PLANNED, State.SHOWN)
ANSWERABLE = (*OPEN, State.SNOOZED, State.CLICKED)


def open_to(contact: Contact, page: str, now: datetime) -> QuerySet[Message]:
    """A contact's open nudges for a page ("" = all), the most important first (R32: show one).

    One that waits for something to be done stays after a click; without such a wish a click ends it.
    """
    rows = Message.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now),
        Q(state__in=OPEN)
        | Q(state=State.SNOOZED, due_at__lte=now)
        | Q(state=State.CLICKED, until__isnull=False),
        channel="nudge",
        contact=contact,
        planned_at__lte=now,
    )
    if page:
        rows = rows.filter(Q(page=page) | Q(page=""))
    return rows.select_related("template_version", "person", "contact").order_by(
        "-critical", "-priority", "planned_at", "pk"
    )


def visible(contact: Contact, page: str, now: datetime) -> list[dict[str, Any]]:
    """The open nudges as they read now, as `rendering.nudge_view` makes them.

    What is done is gone at once, not at the next tick. One that lacks a value is not shown; the
    log says which.
    """
    messages = list(open_to(contact, page, now))
    done = _done(messages, now)
    found = []
    for message in messages:
        if message.pk in done:
            continue
        try:
            found.append(rendering.nudge_view(message, now))
        except rendering.MissingValue as error:
            logger.warning("nudge %s is not shown: no value for %s", message.uid, error.name)
    return found


def _done(messages: Sequence[Message], now: datetime) -> set[int]:
    """The nudges whose `until` is met by now; nothing is written, that is the tick's."""
    waiting = [m for m in messages if m.until and m.enrollment_id]
    if not waiting:
        return set()
    ask = Ask(now=now, days=days_at(now))
    done = set()
    for message in waiting:
        tree = conditions.parse(message.until, subject="enrollment")
        mine = Enrollment.objects.filter(pk=message.enrollment_id or 0)
        if mine.filter(conditions.compile(tree, True, ask, ENROLLMENT)).exists():
            done.add(message.pk)
    return done


# --- what the person does -------------------------------------------------------------------------
@transaction.atomic
def mark_shown(uid: UUID, contact: Contact, now: datetime) -> bool:
    """The nudge was really on the contact's screen; False when that was known, or it is not theirs."""
    rows = Message.objects.filter(uid=uid, contact=contact, channel="nudge", state=State.PLANNED)
    shown = rows.update(state=State.SHOWN, shown_at=now)
    if shown:
        _link(Message.objects.select_related("template_version").get(uid=uid))
    return bool(shown)


@transaction.atomic
def click(uid: UUID, contact: Contact, now: datetime) -> str | None:
    """The contact followed the nudge; where it leads. None when it is not theirs (any more)."""
    rows = Message.objects.filter(uid=uid, contact=contact, channel="nudge")
    message = rows.filter(state__in=ANSWERABLE).select_related("template_version").first()
    if message is None:
        return None
    rows.filter(state__in=ANSWERABLE).update(
        state=State.CLICKED, answered_at=now, shown_at=message.shown_at or now
    )
    link = _link(message)
    if link is None:
        return "/"
    Click.objects.create(link=link, message_id=message.pk, contact_id=contact.pk, at=now)
    return targets.resolve(link.target)


def dismiss(uid: UUID, contact: Contact, now: datetime) -> bool:
    """The contact does not want to see it again; False when it is not theirs (any more)."""
    rows = Message.objects.filter(uid=uid, contact=contact, channel="nudge", state__in=ANSWERABLE)
    return bool(rows.update(state=State.DISMISSED, answered_at=now, settled_at=now))


def snooze(uid: UUID, contact: Contact, now: datetime, until: datetime) -> bool:
    """The contact wants to see it again at `until`; False when it is not theirs (any more)."""
    rows = Message.objects.filter(uid=uid, contact=contact, channel="nudge", state__in=ANSWERABLE)
    return bool(rows.update(state=State.SNOOZED, answered_at=now, due_at=until))


def _link(message: Message) -> Link | None:
    """The row behind the nudge's button, made when it is first on a screen."""
    version = message.template_version
    button = version.compiled.get("button") if version else None
    if not button:
        return None
    link, _made = Link.objects.get_or_create(
        message=message,
        position=0,
        defaults={
            "uid": uid_of(message, 0), "label": button["label"][:200], "target": button["to"]
        },
    )  # fmt: skip
    return link
