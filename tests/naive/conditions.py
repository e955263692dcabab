"""The condition language told once more, slowly: one subject at a time, over plain objects.

Written from the contract's text alone; imports nothing of the product. True, False and None stand
for met, not met and unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from tests.naive import condition_heads as heads
from tests.naive.condition_values import all_hold, inside, kind
from tests.naive.condition_world import (
    Account,
    Change,
    Contact,
    Enrollment,
    Fact,
    Message,
    Move,
    Stay,
    Subscription,
    When,
    Who,
    World,
    back,
    current,
    lives,
    stood,
)

__all__ = [
    "Account",
    "Change",
    "Contact",
    "Enrollment",
    "Fact",
    "Message",
    "Move",
    "Stay",
    "Subscription",
    "When",
    "Who",
    "World",
    "judge",
]


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
    if head == "segment":
        return segment(body, who, world, when)
    if head == "ratio":
        return heads.ratio(body, lambda one: measured(one, who, world, when))
    return {
        "event": event, "trait": trait, "stage": stage, "people": people, "date": heads.date_head,
        "message": heads.message, "journey": heads.journey,
    }[head](body, who, world, when)  # fmt: skip


def segment(key: str, who: Who, world: World, when: When) -> bool:
    """The saved condition of the noun itself, out of any context; unknown is not in."""
    kind_of, condition = world.segments[key]
    noun: dict[str, Any] = {
        "account": who.account,
        "contact": who.contact,
        "subscription": who.subscription,
    }
    own = Who(
        who.account,
        who.contact if kind_of == "contact" else None,
        who.subscription if kind_of == "subscription" else None,
        noun[kind_of].known_since,
    )
    return judge(condition, own, world, when) is True


def measured(measure: dict[str, Any], who: Who, world: World, when: When) -> float | None:
    """A ratio's upper or lower number; None where there is none."""
    if "event" in measure:
        body = measure["event"]
        start = window(body, who, world, when)
        return number(
            body,
            [
                f for f in world.facts
                if counts(f, body, who, when) and start(f.at) and mine(f, body, who)
            ],
        )  # fmt: skip
    of, name = measure["trait"]["of"], measure["trait"]["name"]
    noun = {"account": who.account, "contact": who.contact, "subscription": who.subscription}[of]
    value = stood(noun, name, world, when)
    return value if kind(value) == "number" else None


def mine(fact: Fact, body: dict[str, Any], who: Who) -> bool:
    if body.get("by", "account") == "account":
        return fact.account is who.account
    return fact.contact is who.contact


def many(need: int, of: list[Any], who: Who, world: World, when: When) -> bool | None:
    answers = [judge(child, who, world, when) for child in of]
    if answers.count(True) >= need:
        return True
    return False if answers.count(True) + answers.count(None) < need else None


def within(start: datetime, end: datetime, at: datetime) -> bool:
    return start <= at < end


# --- event ------------------------------------------------------------------------------------
def event(body: dict[str, Any], who: Who, world: World, when: When) -> bool | None:
    if "every" in body:
        rest = {word: said for word, said in body.items() if word not in ("every", "in_a_row")}
        spans = heads.periods(body["every"], body.get("in_a_row", 1), when.now)
        answers = [
            happened(rest, who, world, when, partial(within, start, end))[0] for start, end in spans
        ]
        return None if None in answers else all(answers)
    answer, too_many = happened(body, who, world, when, window(body, who, world, when))
    if answer is None or not too_young(body, who, when):
        return answer
    absence = bounds(body, 0) and ("sum" in body or not all(bounds(body, n) for n in range(60)))
    if absence:
        return None if answer else False
    return True if answer or bounds(body, 0) else (False if too_many else None)


def happened(
    body: dict[str, Any], who: Who, world: World, when: When, start: Callable[[datetime], bool]
) -> tuple[bool | None, bool]:
    """Whether enough of it happened, and whether too much did, as if everything were known."""
    by = body.get("by", "account")
    facts = [f for f in world.facts if counts(f, body, who, when) and start(f.at)]
    if isinstance(by, dict):
        those = there(by.get("role", ""), who.account, world, when)
        numbers = [number(body, [f for f in facts if f.contact is c]) for c in those]
        return enough(by, [bounds(body, n) for n in numbers]), False
    found = number(body, [f for f in facts if mine(f, body, who)])
    upper = {w: n for w, n in body.get("count", {}).items() if w in ("lt", "lte", "eq")}
    too_many = any(found >= n if w == "lt" else found > n for w, n in upper.items())
    return bounds(body, found), too_many


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


def number(body: dict[str, Any], facts: list[Fact]) -> float:
    if "sum" in body:
        amounts = [inside(f.said, body["sum"]) for f in facts]
        return float(sum(Fraction(repr(n)) for n in amounts if kind(n) == "number"))
    distinct = body.get("distinct")
    if distinct is None:
        return len(facts)
    if distinct == "day" or distinct.startswith("day@"):
        zone = ZoneInfo(distinct.partition("@")[2] or "Asia/Tokyo")
        return len({f.at.astimezone(zone).date() for f in facts})
    values = [inside(f.said, distinct) for f in facts]
    scalars = [v for v in values if kind(v) in ("text", "number", "boolean")]
    return len({(kind(v), v) for v in scalars})


def bounds(body: dict[str, Any], found: float) -> bool:
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
