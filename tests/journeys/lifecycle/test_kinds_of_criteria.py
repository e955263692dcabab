"""R3: every kind of criterion there is opens the gate when it is met, and not before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from journeys import engine, lifecycle
from journeys.models import Contact
from journeys.publishing import publish_lifecycle
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

pytestmark = pytest.mark.django_db

NINE = at("2026-05-12T09:00")
NOON = at("2026-05-12T12:00")


def told(who: Contact, name: str, times: int = 1, **properties: Any) -> None:
    for n in range(times):
        happened(who, name, NINE + timedelta(minutes=n), **properties)


def processed(who: Contact, *, app: int, paper: int) -> None:
    told(who, "invoice.processed", app, by="app")
    told(who, "invoice.processed", paper, by="paper")


def group(who: Contact, **traits: Any) -> None:
    cast.say(NINE, {"type": "group", "groupId": "hana", "userId": who.user_id, "traits": traits})


def colleague(name: str) -> Contact:
    about = {"userId": name, "context": {"groupId": "hana"}}
    cast.say(NINE, {"type": "identify", "traits": {"roles": ["approver"]}} | about)
    return Contact.objects.get(user_id=name)


def approvers_learn(who: Contact, learning: int) -> None:
    people = [colleague(f"approver-{n}") for n in range(5)]
    for one in people[:learning]:
        told(one, "course.completed", course="b1")


def renewing(who: Contact, day: str) -> None:
    group(who, subscriptions=[{"product": "app", "renewal_on": day}])


Deed = Callable[[Contact], object]
EVENT = {"name": "invoice.created", "where": {"amount": {"gt": 0}}, "count": {"gte": 3}, "within": "7d"}  # fmt: skip
LEARNED = {"name": "course.completed", "where": {"course": "b1"}, "by": {"role": "approver", "share": 0.6}}  # fmt: skip
COMPLETED = {"event": {"name": "invoice.processed", "where": {"by": "app"}}}
ALL = {"event": {"name": "invoice.processed"}}


#: kind → condition, what is not enough, what is.
KINDS: dict[str, tuple[dict[str, Any], Deed, Deed]] = {
    "usage in a window": (
        {"event": EVENT},
        lambda who: told(who, "invoice.created", 2, amount=5),
        lambda who: told(who, "invoice.created", 3, amount=5),
    ),
    "a course by a share of a role": (
        {"event": LEARNED},
        lambda who: approvers_learn(who, 2),
        lambda who: approvers_learn(who, 3),
    ),
    "a deliverable in a state": (
        {"trait": {"of": "subscription", "name": "deliverable.route", "eq": "done"}},
        lambda who: told(who, "deliverable.changed", deliverable="route", state="draft"),
        lambda who: told(who, "deliverable.changed", deliverable="route", state="done"),
    ),
    "a ratio": (
        {"ratio": {"of": COMPLETED, "to": ALL, "gte": 0.8}},
        lambda who: processed(who, app=3, paper=1),
        lambda who: processed(who, app=4, paper=1),
    ),
    "a property of the contract": (
        {"trait": {"of": "subscription", "name": "mrr", "gte": 1000}},
        lambda who: group(who, subscriptions=[{"product": "app", "mrr": 999}]),
        lambda who: group(who, subscriptions=[{"product": "app", "mrr": 1000}]),
    ),
    "a date of the contract": (
        {"date": {"of": "subscription", "name": "renewal_on", "before": "90d"}},
        lambda who: renewing(who, "2027-05-11"),
        lambda who: renewing(who, "2026-06-11"),
    ),
    "a survey's score": (
        {"event": {"name": "survey.answered", "where": {"survey": "end", "score": {"gte": 4}}}},
        lambda who: told(who, "survey.answered", survey="end", score=3),
        lambda who: told(who, "survey.answered", survey="end", score=4),
    ),
    "a CSM's confirmation": (
        {"event": {"name": "stage.confirmed", "where": {"stage": "gate"}}},
        lambda who: told(who, "stage.confirmed", stage="other"),
        lambda who: lifecycle.confirm(
            subscription=contract(who), by=None, evidence="締めを見た", now=NINE
        ),
    ),
    "aims reached": (
        {"trait": {"of": "subscription", "name": "goals.count", "gte": 1}},
        lambda who: told(who, "goal.set", metric="日数"),
        lambda who: told(who, "goal.set", metric="日数", baseline=8, target=4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("enough", [False, True], ids=["not enough", "enough"])
def test_r3_each_kind_of_criterion_opens_the_gate_when_it_is_met(kind: str, enough: bool) -> None:
    when, too_little, sufficient = KINDS[kind]
    stage = {
        "key": "gate", "name": "門", "goal": "g", "definition": "d", "customer_does": "c",
        "exit": {"criteria": [{"key": "k", "label": kind, "when": when}]},
    }  # fmt: skip
    cast.open_vendor()
    publish_lifecycle(
        {"key": "route", "product": "app", "name": "順路", "stages": [stage, {"key": "through", "name": "先"}]},
        at("2026-05-11T08:00"),
    )  # fmt: skip
    who = customer("hana")
    engine.tick(at("2026-05-11T12:00"))

    (sufficient if enough else too_little)(who)
    engine.tick(NOON)

    assert stage_of(who) == ("through" if enough else "gate")
