"""The condition language told once more, slowly: one subject at a time, over plain objects.

Written from the contract's text alone; imports nothing of the product. True, False and None stand
for met, not met and unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests.naive.condition_values import all_hold, inside, kind

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


@dataclass
class World:
    accounts: list[Account] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)


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


def judge(condition: dict[str, Any], who: Who, world: World, when: When) -> bool | None:
    """Met, not met or unknown."""
    ((head, body),) = condition.items()
    if head in ("all", "any"):
        return many(len(body) if head == "all" else 1, body, who, world, when)
    if head == "at_least":
        return many(body["n"], body["of"], who, world, when)
    if head == "not":
        inner = judge(body, who, world, when)
        return None if inner is None else not inner
    return {"event": event, "trait": trait, "stage": stage, "people": people}[head](
        body, who, world, when
    )


def many(need: int, of: list[Any], who: Who, world: World, when: When) -> bool | None:
    answers = [judge(child, who, world, when) for child in of]
    if answers.count(True) >= need:
        return True
    return False if answers.count(True) + answers.count(None) < need else None


# --- event ------------------------------------------------------------------------------------
def event(body: dict[str, Any], who: Who, world: World, when: When) -> bool | None:
    by = body.get("by", "account")
    start = window(body, who, world, when)
    facts = [f for f in world.facts if counts(f, body, who, when) and start(f.at)]
    if isinstance(by, dict):
        those = there(by.get("role", ""), who.account, world, when)
        numbers = [number(body, [f for f in facts if f.contact is c]) for c in those]
        answer = enough(by, [bounds(body, n) for n in numbers])
        too_many = False
    else:
        mine = [
            f for f in facts
            if (f.account is who.account if by == "account" else f.contact is who.contact)
        ]  # fmt: skip
        answer = bounds(body, number(body, mine))
        too_many = bounds(body, number(body, mine)) is False and not any(
            bounds(body, number(body, mine) + more) for more in range(60)
        )
    if answer is None or not too_young(body, who, when):
        return answer
    if bounds(body, 0) and not all(bounds(body, n) for n in range(60)):
        return None if answer else False
    return True if answer or bounds(body, 0) else (False if too_many else None)


def counts(fact: Fact, body: dict[str, Any], who: Who, when: When) -> bool:
    product = body.get("product") or (who.subscription.product if who.subscription else "")
    return (
        fact.name == body["name"]
        and fact.at <= when.now
        and when.heard(fact.received)
        and (not product or fact.product in ("", product))
        and all(
            all_hold(operators, inside(fact.said, path))
            for path, operators in body.get("where", {}).items()
        )
    )


def number(body: dict[str, Any], facts: list[Fact]) -> int:
    distinct = body.get("distinct")
    if distinct is None:
        return len(facts)
    if distinct == "day" or distinct.startswith("day@"):
        zone = ZoneInfo(distinct.partition("@")[2] or "Asia/Tokyo")
        return len({f.at.astimezone(zone).date() for f in facts})
    values = [inside(f.said, distinct) for f in facts]
    scalars = [v for v in values if kind(v) in ("text", "number", "boolean")]
    return len({(kind(v), v) for v in scalars})


def bounds(body: dict[str, Any], found: int) -> bool:
    return all_hold(body.get("count", {"gte": 1}), found) is True


def too_young(body: dict[str, Any], who: Who, when: When) -> bool:
    """Known for less long than the window is (contracts 1.6)."""
    within = body.get("within", "")
    if body.get("assume_history") or not within[:1].isdigit() or within.endswith("min"):
        return False
    return who.known_since is None or who.known_since > back(when, within)


def window(body: dict[str, Any], who: Who, world: World, when: When) -> Callable[[datetime], bool]:
    within = body.get("within")
    if within is None:
        return lambda at: True
    if within != "stage":
        start = back(when, within)
        return lambda at: at > start
    contracts = [
        s for s in world.subscriptions
        if (s is who.subscription if not body.get("product") else
            s.account is who.account and s.product == body["product"] and lives(s, when))
    ]  # fmt: skip
    entered = next((m for s in contracts if (m := current(s, world, when))), None)
    if entered is None:
        return lambda at: False
    return lambda at: at >= entered.at if entered.first else at > entered.at


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


# --- people -----------------------------------------------------------------------------------
def there(role: str, account: Account, world: World, when: When) -> list[Contact]:
    """The people who are in the account, in the role, at the moment, as far as was heard."""
    found = []
    for stay in world.stays:
        gone = stay.until is not None and stay.until <= when.now
        if gone and when.known is not None and stay.until_received is not None:
            gone = stay.until_received <= when.known
        begun = stay.since <= when.now and when.heard(stay.received)
        if stay.contact.account is account and stay.role == role and begun and not gone:
            found.append(stay.contact)
    return list(dict.fromkeys(found))


def enough(by: dict[str, Any], meet: list[bool]) -> bool | None:
    if not meet:
        return None
    if "share" in by:
        return Fraction(sum(meet), len(meet)) >= Fraction(str(by["share"]))
    return all(meet) if by.get("every") else sum(meet) >= by.get("at_least", 1)


def people(body: dict[str, Any], who: Who, world: World, when: When) -> bool | None:
    meet = []
    for contact in there(body.get("role", ""), who.account, world, when):
        one = Who(who.account, contact, who.subscription, contact.known_since)
        meet.append("who" not in body or judge(body["who"], one, world, when) is True)
    return enough(body, meet)


# --- trait and stage --------------------------------------------------------------------------
def trait(body: dict[str, Any], who: Who, world: World, when: When) -> bool | None:
    operators = {word: wanted for word, wanted in body.items() if word not in ("of", "name")}
    noun = {"account": who.account, "contact": who.contact, "subscription": who.subscription}
    if body["of"] == "subscription" and who.subscription is None:
        live = [s for s in world.subscriptions if s.account is who.account and lives(s, when)]
        answers = [all_hold(operators, stood(s, body["name"], world, when)) for s in live]
        if True in answers:
            return True
        return False if answers and None not in answers else None
    return all_hold(operators, stood(noun[body["of"]], body["name"], world, when))


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


def stage(body: dict[str, Any], who: Who, world: World, when: When) -> bool:
    if body.get("product") or who.subscription is None:
        product = body.get("product")
        asked = [
            s for s in world.subscriptions
            if s.account is who.account and lives(s, when) and product in (None, s.product)
        ]  # fmt: skip
    else:
        asked = [who.subscription]
    if "was" in body:
        return any(
            m.subscription is s and m.stage == body["was"] and m.at <= when.now
            and when.heard(m.decided)
            for s in asked for m in world.moves
        )  # fmt: skip
    moves = [m for s in asked if (m := current(s, world, when)) and m.stage == body["is"]]
    longest = body.get("for_at_least")
    return any(longest is None or m.at <= back(when, longest) for m in moves)
