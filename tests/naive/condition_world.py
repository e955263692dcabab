"""Plain objects for the slow telling of the conditions: a world, who is asked about, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")


@dataclass(eq=False)
class Fact:
    account: Any
    contact: Any
    name: str
    at: datetime
    received: datetime
    product: str = ""
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Change:
    noun: Any
    name: str
    value: Any
    at: datetime
    received: datetime


@dataclass(eq=False)
class Stay:
    """Somebody's time in an account (role "") or in a role there."""

    contact: Any
    role: str
    since: datetime
    received: datetime
    until: datetime | None = None
    until_received: datetime | None = None


@dataclass(eq=False)
class Move:
    subscription: Any
    stage: str
    number: int
    at: datetime
    decided: datetime
    first: bool = False


@dataclass(eq=False)
class Account:
    known_since: datetime | None


@dataclass(eq=False)
class Contact:
    account: Account
    known_since: datetime | None


@dataclass(eq=False)
class Subscription:
    account: Account
    product: str
    known_since: datetime | None
    ended: datetime | None = None


@dataclass(eq=False)
class Message:
    """One message; `clicks` are the moments at which its links were followed."""

    account: Any
    contact: Any
    subscription: Any
    journey: str
    step: str
    channel: str
    state: str
    reason: str
    planned: datetime
    handed: datetime | None = None
    settled: datetime | None = None
    shown: datetime | None = None
    reacted: datetime | None = None
    clicks: list[datetime] = field(default_factory=list)


@dataclass(eq=False)
class Enrollment:
    account: Any
    contact: Any
    subscription: Any
    journey: str
    status: str
    holdout: bool
    entered: datetime
    left: datetime | None = None


@dataclass
class World:
    accounts: list[Account] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    segments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Who:
    """The subject: its account always, the others where it has them."""

    account: Account
    contact: Contact | None = None
    subscription: Subscription | None = None
    known_since: datetime | None = None


@dataclass(frozen=True)
class When:
    now: datetime
    known: datetime | None
    is_open: Callable[[date], bool]

    def heard(self, received: datetime) -> bool:
        return self.known is None or received <= self.known


def back(when: When, length: str) -> datetime:
    """The window's left edge: so many minutes, hours, days, weeks or business days ago."""
    count = int(length.rstrip("minhdwb"))
    unit = length.lstrip("0123456789")
    if unit != "bd":
        names = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
        return when.now - timedelta(**{names[unit]: count})
    local = when.now.astimezone(TOKYO)
    day, clock = local.date(), local.time()
    closed = not when.is_open(day)
    while not when.is_open(day):
        day -= timedelta(days=1)
    while count:
        day -= timedelta(days=1)
        count -= when.is_open(day)
    if closed:
        return datetime.combine(day + timedelta(days=1), time(0), TOKYO)
    return datetime.combine(day, clock, TOKYO)


def stood(noun: Any, name: str, world: World, when: When) -> Any:
    """The newest value told by then; of two of the same moment the one written later."""
    value, newest = None, datetime.min.replace(tzinfo=UTC)
    for change in world.changes:
        told = change.noun is noun and change.name == name and when.heard(change.received)
        if told and newest <= change.at <= when.now:
            value, newest = change.value, change.at
    return value


def lives(subscription: Subscription, when: When) -> bool:
    return subscription.ended is None or subscription.ended > when.now


def current(subscription: Subscription, world: World, when: When) -> Move | None:
    moved = [
        m for m in world.moves
        if m.subscription is subscription and m.at <= when.now and when.heard(m.decided)
    ]  # fmt: skip
    return max(moved, key=lambda m: (m.number, m.decided), default=None)
