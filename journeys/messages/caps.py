"""How often and when a person may be written to, asked at the fence under the person's lock (I15).

Counted are accepted, handed and uncertain messages, and those of the same fence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from journeys.calendars import SendingHours
from journeys.ledger import Reason
from journeys.models import FrequencyPolicy, Message

State = Message.State
COUNTED = (State.ACCEPTED, State.DELIVERED, State.HANDED, State.UNCERTAIN)
FURTHEST_BACK = timedelta(days=14)  # further than any gap of business days around the New Year


@dataclass
class Pressure:
    """When each person was last written to; grows while a fence lets messages through."""

    hours: SendingHours
    policy: FrequencyPolicy
    sent: dict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def too_much(self, message: Message, now: datetime) -> Reason | None:
        """Why a message has to wait; None when it may go. Urgent ones do not wait, but count."""
        if message.critical or message.at_once or message.category == "transactional":
            return None
        if not self.hours.allows(now, message.person.zone):
            return Reason.CLOSED_DAY
        sent = self.sent[message.person_id]
        since = now - timedelta(days=self.policy.per_days)
        if sum(at > since for at in sent) >= self.policy.most:
            return Reason.CAP
        days = self.hours.days
        if sent and (
            days.between(days.local_date(max(sent)), days.local_date(now))
            < self.policy.gap_business_days
        ):
            return Reason.GAP
        return None

    def note(self, message: Message, now: datetime) -> None:
        self.sent[message.person_id].append(now)

    def next_chance(self, message: Message, now: datetime) -> datetime:
        """The next sending slot where the recipient is."""
        return self.hours.next_slot(now + timedelta(seconds=1), message.person.zone)


def pressure(
    people: Collection[int], now: datetime, hours: SendingHours, policy: FrequencyPolicy
) -> Pressure:
    """Read what these people were sent in the days that count; one SELECT."""
    found = Pressure(hours, policy)
    since = now - max(timedelta(days=policy.per_days), FURTHEST_BACK)
    rows = Message.objects.filter(
        person__in=people, channel="email", state__in=COUNTED, handed_at__gt=since
    ).exclude(topic="", journey_key="")
    for person_id, at in rows.values_list("person_id", "handed_at"):
        if at is not None:
            found.sent[person_id].append(at)
    return found
