"""A made-up world (tests/naive/engagement_world.py) written into the database."""

from __future__ import annotations

from typing import Any

from journeys.models import Contact, Subscription
from tests.learning.engagement import build


def write(world: dict[str, Any]) -> None:
    """Every row of the world as rows of ours."""
    courses, articles = build.site()
    pages: dict[str, Any] = {}
    made: dict[str, Any] = {}
    for item in world["items"]:
        pages[item["slug"]] = _page(item, courses, articles, made)
    products = build.vendor("app", "docs")
    accounts = {number: build.account(f"acc{number}") for number in world["accounts"]}
    for sub in world["subs"]:
        _subscription(sub, accounts, products)
    people = {one["id"]: _person(one, accounts) for one in world["people"]}
    _happenings(world, people, pages, accounts)


def _happenings(
    world: dict[str, Any],
    people: dict[int, Contact],
    pages: dict[str, Any],
    accounts: dict[int, Any],
) -> None:
    for one in world["sessions"]:
        build.view(
            people[one["person"]], pages[one["slug"]], one["at"], one["active"],
            is_staff=one["staff"], blocks=one["blocks"],
        )  # fmt: skip
    done: set[tuple[int, str]] = set()
    for one in world["completions"]:
        if (one["person"], one["slug"]) not in done:
            done.add((one["person"], one["slug"]))
            build.completed(people[one["person"]], pages[one["slug"]], one["at"])
    for one in world["mails"]:
        build.mail(people[one["person"]], one["target"], one["at"], one["state"])
    for one in world["nudges"]:
        build.nudge(people[one["person"]], one["target"], one["shown"])
    for one in world["facts"]:
        by = people[one["person"]] if one["person"] else None
        build.fact(one["name"], one["at"], accounts[one["account"]], by, **one["properties"])


def _page(item: dict[str, Any], courses: Any, articles: Any, made: dict[str, Any]) -> Any:
    keys = {name: item[name] for name in ("audience", "roles", "stages", "products")}
    leads = {"next_action_label": "つぎ", "next_action_to": item["next"]}
    if item["kind"] == "article":
        return build.article(articles, item["slug"], **keys, **leads)
    given = item["course"]
    if given["slug"] not in made:
        doors = {name: given[name] for name in ("roles", "stages", "products")}
        made[given["slug"]] = build.course(courses, given["slug"], **doors)
    return build.lesson(
        made[given["slug"]], item["slug"], **keys, **leads, done_by=item.get("done_by")
    )


def _subscription(sub: dict[str, Any], accounts: dict[int, Any], products: dict[str, Any]) -> None:
    moves = [(move["stage"], move["known_first"]) for move in sub["moves"]]
    found = build.subscription(accounts[sub["account"]], products[sub["product"]], *moves)
    rows = list(found.transitions.order_by("seq"))
    for row, move in zip(rows, sub["moves"], strict=True):
        if move["at"] != move["known_first"]:
            build.move(found, row.seq, move["stage"], move["at"], corrects=row.pk)
    if sub["ended"]:
        Subscription.objects.filter(pk=found.pk).update(ended_at=build.LONG_AGO)


def _person(one: dict[str, Any], accounts: dict[int, Any]) -> Contact:
    found = build.contact(accounts[one["account"]], f"u{one['id']}", is_staff=one["staff"])
    for held in one["roles"]:
        build.member(found, held["role"], held["from"], held["to"])
    Contact.objects.filter(pk=found.pk).update(is_current=one["current"])
    if one["gone"]:
        found.memberships.update(to_at=build.LONG_AGO)
    return found
