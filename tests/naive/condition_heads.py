"""`date`, `message`, `journey`, `ratio` and full periods, told slowly (contracts 1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.naive.condition_world import (
    TOKYO,
    Enrollment,
    Message,
    When,
    Who,
    World,
    back,
    lives,
    stood,
)


# --- date -------------------------------------------------------------------------------------
def date_head(body: dict[str, Any], who: Who, world: World, when: When) -> bool | None:
    noun = {"account": who.account, "contact": who.contact, "subscription": who.subscription}
    if body["of"] == "subscription" and who.subscription is None:
        live = [s for s in world.subscriptions if s.account is who.account and lives(s, when)]
        answers = [dated(body, stood(s, body["name"], world, when), when) for s in live]
        if True in answers:
            return True
        return False if answers and None not in answers else None
    return dated(body, stood(noun[body["of"]], body["name"], world, when), when)


def dated(body: dict[str, Any], value: Any, when: When) -> bool | None:
    moment = read(value)
    if moment is None:
        return None
    now = when.now.astimezone(TOKYO)
    if "after" in body:
        return now >= moved(moment, body["after"], when)
    if "before" in body:
        return moved(moment, "-" + body["before"], when) <= now < moment
    first, last = body["between"]
    return moved(moment, first, when) <= now < moved(moment, last, when)


def read(value: Any) -> datetime | None:
    """A day begins at 00:00 in Tokyo; a moment has an offset; anything else is no date."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time(0), TOKYO)
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(microsecond=0).astimezone(TOKYO) if moment.tzinfo else None


def moved(moment: datetime, length: str, when: When) -> datetime:
    sign = -1 if length.startswith("-") else 1
    count = int(length.strip("-dwb"))
    if not length.endswith("bd"):
        return moment + sign * timedelta(days=count * (7 if length.endswith("w") else 1))
    day = moment.date()
    while count:
        day += timedelta(days=sign)
        count -= when.is_open(day)
    return datetime.combine(day, moment.time(), TOKYO)


# --- message and journey ----------------------------------------------------------------------
def whose(row: Message | Enrollment, who: Who) -> bool:
    """The contact's own, or any of the account's; of the contract or of none."""
    return (
        row.account is who.account
        and (who.contact is None or row.contact is who.contact)
        and (who.subscription is None or row.subscription in (None, who.subscription))
    )


def message(body: dict[str, Any], who: Who, world: World, when: When) -> bool:
    start = back(when, body["within"]) if "within" in body else None
    return any(
        at <= when.now and when.heard(known) and (start is None or at > start)
        for m in world.messages
        if whose(m, who) and m.journey == body["journey"] and body.get("step", m.step) == m.step
        for at, known in moments(m, body["was"], world)
    )  # fmt: skip


def moments(m: Message, was: str, world: World) -> list[tuple[datetime, datetime]]:
    """When it happened to a message, and when that was known."""
    found: list[tuple[datetime | None, datetime | None]] = []
    if was in ("sent", "delivered") and m.channel == "nudge":
        found.append((m.shown, m.shown))
    if was == "sent" and m.state in ("accepted", "delivered"):
        found.append((m.handed or m.settled, m.settled))
    if was == "delivered" and m.state == "delivered":
        found.append((m.settled, m.settled))
    if was == "bounced" and m.state == "failed" and m.reason == "refused":
        found.append((m.settled, m.settled))
    if was == m.state and was in ("clicked", "dismissed"):
        found.append((m.reacted, m.reacted))
    if was == "clicked":
        found += [(at, at) for at in m.clicks]
    if was == "answered":
        found += [
            (f.at, f.received) for f in world.facts
            if f.name == "message.answered" and f.contact is m.contact
            and f.said.get("step") == m.step and f.at >= m.planned
        ]  # fmt: skip
    return [(at, known) for at, known in found if at is not None and known is not None]


def journey(body: dict[str, Any], who: Who, world: World, when: When) -> bool:
    return any(
        stands(e, body["status"], when)
        for e in world.enrollments
        if whose(e, who) and e.journey == body["key"] and e.status != "out"
    )


def stands(e: Enrollment, status: str, when: When) -> bool:
    if e.entered > when.now or not when.heard(e.entered):
        return False
    over = e.left is not None and e.left <= when.now and when.heard(e.left)
    if status == "in":
        return not over
    if status == "holdout":
        return e.holdout
    return over and e.status == status


# --- ratio and full periods -------------------------------------------------------------------
def ratio(body: dict[str, Any], measured: Callable[[Any], float | None]) -> bool | None:
    of, to = measured(body["of"]), measured(body["to"])
    if of is None or not to:
        return None
    found = Fraction(repr(of)) / Fraction(repr(to))
    wanted = {word: Fraction(repr(n)) for word, n in body.items() if word not in ("of", "to")}
    return all(
        {"gt": found > n, "gte": found >= n, "lt": found < n, "lte": found <= n, "eq": found == n}[
            w
        ]
        for w, n in wanted.items()
    )


def periods(every: str, number: int, now: datetime) -> list[tuple[datetime, datetime]]:
    """The last full months or weeks in Tokyo."""
    day = now.astimezone(TOKYO).date()
    day = day.replace(day=1) if every == "month" else day - timedelta(days=day.weekday())
    edges = [day]
    while len(edges) <= number:
        before = edges[0] - timedelta(days=1 if every == "month" else 7)
        edges.insert(0, before.replace(day=1) if every == "month" else before)
    moments = [datetime.combine(edge, time(0), TOKYO) for edge in edges]
    return list(pairwise(moments))
