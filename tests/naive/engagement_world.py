"""A made-up world of readers around June 2026, as plain rows: no database, none of our code.

A dict of lists of dicts; moments are aware datetimes.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
ROUTE = ["prepare", "setup", "trial", "adopt"]


def world(seed: int, accounts: int) -> dict[str, Any]:
    """A reproducible world around June 2026 (a month without public holidays in Japan)."""
    chance = random.Random(seed)  # noqa: S311 -- a reproducible world, no secret
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    made: dict[str, Any] = {
        name: []
        for name in ("subs", "people", "sessions", "completions", "mails", "nudges", "facts")
    }

    def moment(days: int = 65) -> datetime:
        return begin + timedelta(minutes=chance.randrange(days * 24 * 60))

    made["items"] = _items()
    made["accounts"] = list(range(1, accounts + 1))
    for account in made["accounts"]:
        for product in chance.choice([["app"], ["app"], ["app", "docs"], ["docs"], []]):
            made["subs"].append(_sub(chance, account, product, moment))
        for _ in range(chance.randrange(1, 5)):
            made["people"].append(_person(chance, account, len(made["people"]) + 1, moment))
    for person in made["people"]:
        for item in made["items"]:
            _life(chance, made, person, item, moment)
    return made


def _items() -> list[Row]:
    course = {"slug": "c1", "roles": ["admin", "accounting"], "stages": ["setup"], "products": []}
    open_course = {"slug": "c2", "roles": [], "stages": [], "products": ["app"]}
    route = {
        "event": "deliverable.changed",
        "where": {"deliverable": "route", "state": "confirmed"},
    }
    lesson = {"kind": "lesson", "audience": "customer", "roles": [], "stages": [], "products": []}
    article: Row = {"kind": "article", "roles": [], "stages": [], "products": [], "course": None}
    return [
        {**lesson, "slug": "l1", "course": course, "done_by": route, "next": "product:/x"},
        {**lesson, "slug": "l2", "course": course, "roles": ["admin"], "next": "lesson:l1"},
        {
            **lesson,
            "slug": "l3",
            "course": open_course,
            "stages": ["trial", "adopt"],
            "next": "goal",
        },
        {**lesson, "slug": "l4", "course": open_course, "audience": "internal", "next": "goal"},
        {**lesson, "slug": "l5", "course": open_course, "next": "course:c1"},
        {**article, "slug": "a1", "audience": "public", "next": "product:/y"},
        {
            **article,
            "slug": "a2",
            "audience": "customer",
            "next": "article:a1",
            "roles": ["approver"],
        },
        {**article, "slug": "a3", "audience": "customer", "next": "", "products": ["docs"]},
    ]


def _sub(chance: random.Random, account: int, product: str, moment: Any) -> Row:
    reached = chance.randrange(0, 5)
    times = sorted(moment(60) for _ in range(reached))
    moves = [{"stage": stage, "at": at} for stage, at in zip(ROUTE, times, strict=False)]
    if len(moves) > 2 and chance.random() < 0.3:  # moved back by hand, at last
        moves.append(
            {"stage": ROUTE[0], "at": times[-1] + timedelta(hours=chance.randrange(1, 99))}
        )
    late = [chance.randrange(1, 48) if chance.random() < 0.2 else 0 for _ in moves]
    for place, move in enumerate(moves):
        earliest = moves[place - 1]["at"] if place else move["at"] - timedelta(days=9)
        move["known_first"] = move["at"]
        move["at"] = max(earliest, move["at"] - timedelta(hours=late[place]))
    ended = chance.random() < 0.15
    return {"account": account, "product": product, "moves": moves, "ended": ended}


def _person(chance: random.Random, account: int, number: int, moment: Any) -> Row:
    roles = []
    for role in ("admin", "accounting", "approver"):
        if chance.random() < 0.5:
            from_at = moment(60)
            to_at = from_at + timedelta(days=3) if chance.random() < 0.15 else None
            roles.append({"role": role, "from": from_at, "to": to_at})
    return {
        "id": number,
        "account": account,
        "roles": roles,
        "current": chance.random() < 0.9,
        "gone": chance.random() < 0.1,
        "staff": chance.random() < 0.1,
    }


def _life(chance: random.Random, made: dict[str, Any], person: Row, item: Row, moment: Any) -> None:
    who = {"person": person["id"], "account": person["account"]}
    about = {**who, "slug": item["slug"]}
    if chance.random() < 0.4:
        states = ["accepted", "delivered", "failed", "planned", "handed"]
        target = f"{item['kind']}:{item['slug']}"
        mail = {"target": target, "state": chance.choice(states), "at": moment()}
        made["mails"].append({**who, **mail})
        if chance.random() < 0.5:
            shown = moment() if chance.random() < 0.6 else None
            made["nudges"].append({**who, "target": target, "shown": shown})
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        at = moment()
        blocks = [block for block in ("b1", "b2", "b3") if chance.random() < 0.7]
        active = chance.choice([1000, 4999, 5000, 20_000])
        staff = chance.random() < 0.05
        made["sessions"].append(
            {**about, "at": at, "active": active, "blocks": blocks, "staff": staff}
        )
        if chance.random() < 0.4:
            _fact(chance, made, who, at)
    if item["kind"] == "lesson" and chance.random() < 0.4:
        made["completions"].append({**about, "at": moment()})


def _fact(chance: random.Random, made: dict[str, Any], who: Row, at: datetime) -> None:
    name = chance.choice(["goal.set", "deliverable.changed", "deliverable.changed"])
    state = {"deliverable": chance.choice(["route", "route", "list"]), "state": "confirmed"}
    person = who["person"] if chance.random() < 0.5 else None
    after = at + timedelta(hours=chance.randrange(-24, 9 * 24))
    row = {"name": name, "account": who["account"], "person": person, "at": after}
    made["facts"].append({**row, "properties": state if name != "goal.set" else {}})
