from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from journeys import people
from journeys.goals import GoalRefused, set_goal
from journeys.models import Contact, Event, Goal, Subscription

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 11, 1, tzinfo=UTC)


def aim(metric: str = "月次締め", target: int = 5, **more: Any) -> Goal:
    return set_goal(
        subscription=Subscription.objects.get(),
        contact=Contact.objects.get(),
        metric=metric,
        unit="日",
        baseline=Decimal(10),
        target=Decimal(target),
        target_on=date(2026, 8, 31),
        now=NOW,
        **more,
    )


@pytest.fixture(autouse=True)
def customer() -> None:
    contract = {"subscriptions": [{"product": "app"}]}
    people.group(account="acme", user_id="u", traits=contract, occurred_at=NOW, received_at=NOW)


def test_an_aim_is_a_row_a_trait_and_a_fact_together() -> None:
    """R12, contracts 1.14."""
    goal = aim()
    assert (goal.agreed_by, goal.agreed_at) == (Contact.objects.get(), NOW)
    assert Subscription.objects.get().traits == {"goals.count": 1}
    fact = Event.objects.get()
    assert (fact.name, fact.product, fact.contact) == ("goal.set", "app", goal.agreed_by)
    assert fact.properties == {
        "goal": str(goal.uid),
        "metric": "月次締め",
        "unit": "日",
        "baseline": 10.0,
        "target": 5.0,
        "target_on": "2026-08-31",
    }


def test_an_aim_with_the_same_measure_takes_the_others_place() -> None:
    first = aim()
    aim(target=3)
    first.refresh_from_db()
    assert first.replaced_at == NOW
    assert Subscription.objects.get().traits == {"goals.count": 1}


def test_there_are_at_most_three_aims() -> None:
    for metric in "abc":
        aim(metric)
    with pytest.raises(GoalRefused):
        aim("d")
    assert (Goal.objects.count(), Event.objects.count()) == (3, 3)


@pytest.mark.parametrize(("metric", "target"), [(" ", 5), ("月次締め", 10)])
def test_an_aim_needs_a_measure_and_somewhere_to_go(metric: str, target: int) -> None:
    with pytest.raises(GoalRefused):
        aim(metric, target)
    assert not Goal.objects.exists()
