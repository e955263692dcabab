"""The content report once more, by plain loops over plain rows: no database, none of our code.

What a world is: tests/naive/engagement_world.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
ROUTE = ["prepare", "setup", "trial", "adopt"]
JST = timedelta(hours=9)  # of Japan's zone
WEEK = timedelta(days=7)


def figures(world: dict[str, Any], asked: Row) -> dict[str, Row]:
    """Per slug the numbers of the report; `asked`: since, until, now, stage, role, kind."""
    return {
        item["slug"]: _figures(world, item, asked)
        for item in world["items"]
        if item["audience"] != "internal" and _shown(item, asked)
    }


def _figures(world: dict[str, Any], item: Row, asked: Row) -> Row:
    people = [person for person in world["people"] if _meant(world, item, person, asked)]
    found = {"reached": 0, "viewed": 0, "completed": 0, "acted": 0, "may_act": 0}
    for person in people:
        opened = _sessions(world, item["slug"], person, asked["since"], asked["until"])
        found["reached"] += bool(opened) or _brought(world, item, person, asked)
        views = [one["at"] for one in opened if one["active"] >= 5000]
        if views:
            acted = _acted(world, item, person, min(views))
            found["viewed"] += 1
            found["completed"] += _completed(world, item, person, opened, asked)
            found["acted"] += acted
            found["may_act"] += not acted and min(views) + WEEK > asked["now"]
    leads = item["next"].startswith(("goal", "lesson:", "article:", "course:"))
    unknown = {} if item.get("done_by") or leads else {"acted": None, "may_act": None}
    looked, left, may = _stages(world, item, people, asked)
    stages = {"looked": len(looked), "left": len(left), "may_leave": len(may)}
    return {"targeted": len(people), **found, **unknown, **stages}


def _shown(item: Row, asked: Row) -> bool:
    if asked["kind"] and item["kind"] != asked["kind"]:
        return False
    stages = _stages_of(item)
    if asked["stage"] and stages and asked["stage"] not in stages:
        return False
    for door in _doors(item):
        if asked["role"] and door["roles"] and asked["role"] not in door["roles"]:
            return False
    return True


def _doors(item: Row) -> list[Row]:
    return [item, item["course"]] if item["course"] else [item]


def _stages_of(item: Row) -> list[str]:
    if item["stages"]:
        return list(item["stages"])
    return list(item["course"]["stages"]) if item["course"] else []


def _wanted(item: Row, asked: Row) -> list[str]:
    return [asked["stage"]] if asked["stage"] else _stages_of(item)


def _meant(world: dict[str, Any], item: Row, person: Row, asked: Row) -> bool:
    if person["staff"] or not person["current"] or person["gone"]:
        return False
    held = {
        one["role"]
        for one in person["roles"]
        if one["from"] <= asked["now"] and (one["to"] is None or one["to"] > asked["now"])
    }
    if asked["role"] and asked["role"] not in held:
        return False
    for door in _doors(item):
        if door["roles"] and not held & set(door["roles"]):
            return False
    return _in_stage(world, item, person, asked)


def _in_stage(world: dict[str, Any], item: Row, person: Row, asked: Row) -> bool:
    stages = _wanted(item, asked)
    products = [door["products"] for door in _doors(item) if door["products"]]
    if not stages and not products:
        return True
    for sub in _live(world, person["account"]):
        if all(sub["product"] in allowed for allowed in products):
            if not stages:
                return True
            for stage, begin, end, _on in _stays(sub):
                inside = begin < asked["until"] and (end is None or end > asked["since"])
                if stage in stages and inside:
                    return True
    return False


def _live(world: dict[str, Any], account: int) -> list[Row]:
    return [sub for sub in world["subs"] if sub["account"] == account and not sub["ended"]]


def _stays(sub: Row) -> list[tuple[str, datetime, datetime | None, bool]]:
    found = []
    for place, move in enumerate(sub["moves"]):
        end, forward = None, False
        if place + 1 < len(sub["moves"]):
            following = sub["moves"][place + 1]
            end = following["at"]
            forward = ROUTE.index(following["stage"]) > ROUTE.index(move["stage"])
        found.append((move["stage"], move["at"], end, forward))
    return found


def _sessions(
    world: dict[str, Any], slug: str, person: Row, since: datetime, until: datetime
) -> list[Row]:
    return [
        one
        for one in world["sessions"]
        if one["person"] == person["id"]
        and one["slug"] == slug
        and not one["staff"]
        and since <= one["at"] < until
    ]


def _brought(world: dict[str, Any], item: Row, person: Row, asked: Row) -> bool:
    target = f"{item['kind']}:{item['slug']}"
    for mail in world["mails"]:
        if mail["person"] == person["id"] and mail["target"] == target:
            taken = mail["state"] in ("accepted", "delivered")
            if taken and asked["since"] <= mail["at"] < asked["until"]:
                return True
    return any(
        nudge["person"] == person["id"]
        and nudge["target"] == target
        and nudge["shown"]
        and asked["since"] <= nudge["shown"] < asked["until"]
        for nudge in world["nudges"]
    )


def _completed(
    world: dict[str, Any], item: Row, person: Row, opened: list[Row], asked: Row
) -> bool:
    if item["kind"] == "article":
        return {"b1", "b2", "b3"} <= {block for one in opened for block in one["blocks"]}
    return any(
        one["person"] == person["id"]
        and one["slug"] == item["slug"]
        and asked["since"] <= one["at"] < asked["until"]
        for one in world["completions"]
    )


def _acted(world: dict[str, Any], item: Row, person: Row, first: datetime) -> bool:
    until = first + WEEK
    if item.get("done_by"):
        return _proved(world, person, item["done_by"], first, until)
    if item["next"] == "goal":
        return _proved(world, person, {"event": "goal.set", "where": {}}, first, until)
    slugs = []
    kind, _colon, slug = item["next"].partition(":")
    if kind in ("lesson", "article"):
        slugs = [slug]
    if kind == "course":
        lessons = [one for one in world["items"] if one["course"] and one["audience"] != "internal"]
        slugs = [one["slug"] for one in lessons if one["course"]["slug"] == slug]
    for one in world["sessions"]:
        mine = one["person"] == person["id"] and one["slug"] in slugs and not one["staff"]
        if mine and one["active"] >= 5000 and first < one["at"] <= until:
            return True
    return False


def _proved(world: dict[str, Any], person: Row, by: Row, first: datetime, until: datetime) -> bool:
    for fact in world["facts"]:
        whose = fact["account"] == person["account"] or fact["person"] == person["id"]
        fits = all(fact["properties"].get(key) == value for key, value in by["where"].items())
        if whose and fits and fact["name"] == by["event"] and first < fact["at"] <= until:
            return True
    return False


def _stages(
    world: dict[str, Any], item: Row, people: list[Row], asked: Row
) -> tuple[set[int], set[int], set[int]]:
    looked, left, may = set(), set(), set()
    wanted = _wanted(item, asked)
    for account in world["accounts"]:
        views = [
            one["at"]
            for person in people
            if person["account"] == account
            for one in _sessions(world, item["slug"], person, asked["since"], asked["until"])
            if one["active"] >= 5000
        ]
        for sub in _live(world, account):
            for stage, begin, end, forward in _stays(sub):
                inside = [at for at in views if begin <= at and (end is None or at < end)]
                if not inside or (wanted and stage not in wanted):
                    continue
                looked.add(account)
                limit = _twentieth_business_day_is_over(min(inside))
                if end is not None and forward and end < limit:
                    left.add(account)
                if end is None and limit > asked["now"]:
                    may.add(account)
    return looked, left, may - left


def _twentieth_business_day_is_over(moment: datetime) -> datetime:
    """Monday to Friday; there is no public holiday between 7 May and 19 July 2026."""
    day = (moment + JST).date()
    left = 20
    while left:
        day += timedelta(days=1)
        holiday = (day.month, day.day) in {(5, 4), (5, 5), (5, 6), (7, 20)}
        left -= day.weekday() < 5 and not holiday
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - JST
