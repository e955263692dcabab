"""What a page tells about being read. The ticket in the page says who and what; nobody else can.

A beacon carries the whole state of one opening of a page, never a difference: the server takes the
maximum of times and the union of blocks, so that retries, duplicates and disorder change nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core import signing
from django.db import transaction
from django.db.models import Min, Sum
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language

from content.models import ArticlePage
from content.reading import block_ids
from journeys import facts
from journeys.models import Contact
from learning.models import HowCompleted, LessonPage, Progress, ViewSession
from learning.progress.completing import complete
from learning.reading import RULE, Standing

SALT = "learning.progress"
SLACK = timedelta(seconds=2)  # the clocks of a browser and a server do not tick together
VIEWED_AFTER_MS = 5_000
PAGES: dict[str, Any] = {"lesson": LessonPage, "article": ArticlePage}
Kind = ViewSession.Kind


class BadTicket(ValueError):
    """The ticket is not ours, or what it names is no longer there."""


@dataclass(frozen=True)
class Ticket:
    """One opening of one page by one reader."""

    session: UUID
    kind: str
    page_id: int
    contact_id: int | None
    is_staff: bool
    issued_at: datetime
    source: str = ""


@dataclass(frozen=True)
class Seen:
    """What the browser says: milliseconds of attention, of being open, and blocks seen (ids)."""

    active_ms: int
    open_ms: int
    blocks: frozenset[str]


def issue(
    *,
    kind: str,
    page_id: int,
    contact_id: int | None,
    is_staff: bool,
    now: datetime,
    source: str = "",
) -> str:
    """A signed ticket for a page that is about to be shown. Issuing writes nothing."""
    return signing.dumps(
        [uuid4().hex, kind, page_id, contact_id, is_staff, now.isoformat(), source[:40]], salt=SALT
    )


def open_ticket(text: str) -> Ticket:
    """Read a ticket back; BadTicket when it was not issued here."""
    try:
        session, kind, page_id, contact_id, is_staff, issued, source = signing.loads(
            text, salt=SALT
        )
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadTicket("The ticket was not issued here.") from error
    issued_at = parse_datetime(issued)
    if issued_at is None or kind not in PAGES:
        raise BadTicket("The ticket was not issued here.")
    return Ticket(UUID(session), kind, page_id, contact_id, is_staff, issued_at, source)


def take(*, ticket: Ticket, seen: Seen, now: datetime) -> Progress | None:
    """Write down what a reader has seen by `now`; their progress, None for articles and staff.

    Whoever claims more time than has passed gets what has passed, and the row says so. After five
    seconds of attention the view becomes a fact, once a session; a lesson that is read through is
    completed, in the same transaction. BadTicket when the page or the contact is gone.
    """
    page = PAGES[ticket.kind].objects.live().filter(pk=ticket.page_id).first()
    with transaction.atomic():
        # First the reader, as completing does: beacons of one person take turns, and so do the
        # rows below.
        readers = Contact.objects.select_for_update(no_key=True)
        contact = readers.filter(pk=ticket.contact_id or 0, is_current=True).first()
        if page is None or (contact is None and not ticket.is_staff):
            raise BadTicket("The page or its reader is no longer there.")
        session = _session(ticket, page, contact, now)
        _grow(session, seen, set(block_ids(page.body)), now)
        if contact is None or ticket.is_staff:
            return None
        _count(session, page, contact, now)
        return _progress(session, page, contact, now) if ticket.kind == Kind.LESSON else None


def _session(ticket: Ticket, page: Any, contact: Contact | None, now: datetime) -> ViewSession:
    session, _created = ViewSession.objects.select_for_update(of=("self",)).get_or_create(
        uid=ticket.session,
        defaults={
            "contact": contact,
            "account_id": contact.account_id if contact else None,
            "is_staff": ticket.is_staff,
            "kind": ticket.kind,
            "page_id": page.pk,
            "page_key": page.translation_key,
            "revision_id": page.live_revision_id,
            "source": ticket.source,
            "language": get_language() or "",
            "started_at": ticket.issued_at,
            "last_seen_at": now,
        },
    )
    return session


def _grow(session: ViewSession, seen: Seen, known: Collection[str], now: datetime) -> None:
    """Maximum of the times, capped by the wall clock; union of the blocks that are in the page."""
    passed = int((now - session.started_at + SLACK) / timedelta(milliseconds=1))
    session.is_capped = session.is_capped or max(seen.active_ms, seen.open_ms) > passed
    session.active_ms = max(session.active_ms, min(seen.active_ms, passed))
    session.open_ms = max(session.open_ms, min(seen.open_ms, passed))
    session.blocks = sorted({*session.blocks, *(seen.blocks & set(known))})
    session.last_seen_at = max(session.last_seen_at, now)
    session.save(update_fields=["active_ms", "open_ms", "blocks", "is_capped", "last_seen_at"])


def _count(session: ViewSession, page: Any, contact: Contact, now: datetime) -> None:
    """The view as a fact, once: articles and lessons that were looked at, not merely opened."""
    if session.counted_at is not None or session.active_ms < VIEWED_AFTER_MS:
        return
    session.counted_at = now
    session.save(update_fields=["counted_at"])
    about = {session.kind: page.slug}
    if session.kind == Kind.LESSON:
        about["course"] = page.course.slug
    facts.record(
        name=f"{session.kind}.viewed",
        occurred_at=now,
        received_at=now,
        account_id=contact.account_id,
        contact_id=contact.pk,
        properties=about,
    )


def _progress(
    session: ViewSession, lesson: LessonPage, contact: Contact, now: datetime
) -> Progress:
    """Bring a lesson's progress up to all its sessions, and complete it when it is read."""
    mine = Progress.objects.filter(contact=contact, lesson_key=lesson.translation_key)
    row = mine.first() or Progress.objects.create(
        contact=contact,
        lesson_key=lesson.translation_key,
        account_id=contact.account_id,
        course_key=lesson.course.translation_key,
        state=Progress.State.STARTED,
        started_at=session.started_at,
        last_seen_at=now,
        revision_id=lesson.live_revision_id,
        rule=RULE,
    )
    row.active_ms = max(row.active_ms, _attention(contact, lesson, now))
    row.blocks = sorted({*row.blocks, *session.blocks})
    row.last_seen_at = max(row.last_seen_at, now)
    at = lesson.standing(row.active_ms, row.blocks)
    row.percent = max(row.percent, at.percent)
    row.save(update_fields=["active_ms", "blocks", "percent", "last_seen_at"])
    if row.state != Progress.State.COMPLETED and at.is_read and lesson.ends_by_reading:
        complete(contact=contact, lesson_page=lesson, now=now, source=HowCompleted.READING,
                 evidence=_how(row, at))  # fmt: skip
        row.refresh_from_db()
    return row


def _attention(contact: Contact, lesson: LessonPage, now: datetime) -> int:
    """Attention over all sessions: two tabs at once are not twice the time."""
    sums = ViewSession.objects.filter(
        contact=contact, page_key=lesson.translation_key, is_staff=False
    ).aggregate(total=Sum("active_ms"), since=Min("started_at"))
    if sums["since"] is None:
        return 0
    passed = int((now - sums["since"] + SLACK) / timedelta(milliseconds=1))
    return int(min(sums["total"], passed))


def _how(row: Progress, at: Standing) -> dict[str, int]:
    return {"active_ms": row.active_ms, "needed_ms": at.needed_ms, "blocks": len(row.blocks)}


def read_through(*, contact: Contact, lesson: LessonPage, now: datetime) -> Progress | None:
    """A contact has read a lesson from end to end, finishing at `now`: what its page would tell."""
    length = timedelta(minutes=lesson.minutes)
    spent = int(length / timedelta(milliseconds=1))
    ticket = Ticket(uuid4(), Kind.LESSON, lesson.pk, contact.pk, False, now - length)
    return take(ticket=ticket, seen=Seen(spent, spent, frozenset(block_ids(lesson.body))), now=now)
