"""Times of the month at which a role is not written to: accountants close their books (R31)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from journeys.calendars import SendingHours
from journeys.models import Membership, Message


def held_until(
    messages: Sequence[Message], now: datetime, hours: SendingHours
) -> dict[int, datetime]:
    """Message id → the first slot after the blackout it falls into. Urgent messages and contract
    notices fall into none. At most one SELECT.
    """
    if not hours.blackouts:
        return {}
    asked = [m for m in messages if m.contact_id and not m.critical]
    roles = _roles({m.contact_id for m in asked if m.contact_id}, hours)
    found: dict[int, datetime] = {}
    for message in asked:
        last = _last_day(message, roles[message.contact_id or 0], now, hours)
        if last is not None:
            over = hours.days.end_of(last)
            found[message.pk] = hours.next_slot(over, message.person.zone)
    return found


def _roles(contacts: set[int], hours: SendingHours) -> dict[int, set[str]]:
    """The roles of these contacts that a blackout speaks of."""
    spoken_of = set().union(*(blackout.roles for blackout in hours.blackouts))
    rows = Membership.objects.filter(contact__in=contacts, role__in=spoken_of, to_at=None)
    found: dict[int, set[str]] = defaultdict(set)
    for contact, role in rows.values_list("contact_id", "role"):
        found[contact].add(role)
    return found


def _last_day(message: Message, roles: set[str], now: datetime, hours: SendingHours) -> date | None:
    """When the blackout ends that keeps this message back now."""
    day = now.astimezone(ZoneInfo(message.person.zone)).date()
    ends = [
        blackout.ends(day, hours.days)
        for blackout in hours.blackouts
        if blackout.roles & roles
        and message.category in blackout.categories
        and message.topic not in blackout.except_topics
    ]
    return max((end for end in ends if end), default=None)
