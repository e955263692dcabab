"""How far an aim is reached: goals.attainment, dated, by hand and by facts (R12)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import engine
from journeys.goals import hear, measure, set_goal
from journeys.goals.measuring import MeasureRefused
from journeys.models import Contact, Event, Goal, TraitChange
from tests import cast
from tests.cast import at, contract, customer, happened

pytestmark = pytest.mark.django_db


def attained(of: Contact) -> list[tuple[datetime, Any]]:
    """The dated values of goals.attainment, each where it changed."""
    rows = TraitChange.objects.filter(
        of="subscription", subject_id=contract(of).pk, name="goals.attainment"
    )
    return list(rows.order_by("occurred_at", "pk").values_list("occurred_at", "value"))


def aim(of: Contact, metric: str, baseline: int, target: int) -> Goal:
    return set_goal(
        subscription=contract(of), contact=of, metric=metric, unit="日",
        baseline=Decimal(baseline), target=Decimal(target), target_on=None, now=MONDAY,
    )  # fmt: skip


MONDAY = at("2026-05-11T10:00")
TUESDAY = at("2026-05-12T10:00")
FRIDAY = at("2026-05-15T10:00")


def test_r12_attainment_is_the_share_of_the_way_and_may_pass_the_target() -> None:
    cast.open_vendor()
    hana = customer("hana")
    goal = aim(hana, "締め日数", 8, 4)

    measure(goal=goal, value=Decimal(6), occurred_at=TUESDAY, received_at=TUESDAY)
    measure(goal=goal, value=Decimal(3), occurred_at=FRIDAY, received_at=FRIDAY)

    assert attained(hana) == [(TUESDAY, 0.5), (FRIDAY, 1.25)]
    assert contract(hana).traits["goals.attainment"] == 1.25


def test_r12_of_several_aims_the_one_furthest_behind_counts() -> None:
    cast.open_vendor()
    hana = customer("hana")
    days, mistakes = aim(hana, "締め日数", 8, 4), aim(hana, "差し戻し", 10, 0)

    measure(goal=days, value=Decimal(4), occurred_at=TUESDAY, received_at=TUESDAY)
    measure(goal=mistakes, value=Decimal(5), occurred_at=FRIDAY, received_at=FRIDAY)

    assert attained(hana) == [(TUESDAY, 0), (FRIDAY, 0.5)]


def test_a_value_that_is_told_late_ends_in_the_same_history() -> None:
    """I4: measured on Tuesday, told after Friday's value."""
    cast.open_vendor()
    late, orderly = customer("late"), customer("orderly")
    for who, moments in ((late, (FRIDAY, TUESDAY)), (orderly, (TUESDAY, FRIDAY))):
        goal = aim(who, "締め日数", 8, 4)
        for moment in moments:
            value = Decimal(6 if moment == TUESDAY else 5)
            measure(goal=goal, value=value, occurred_at=moment, received_at=FRIDAY)

    assert attained(late) == attained(orderly) == [(TUESDAY, 0.5), (FRIDAY, 0.75)]


def test_facts_set_and_measure_aims_and_are_heard_once() -> None:
    cast.open_vendor()
    hana = customer("hana")
    happened(hana, "goal.set", MONDAY, metric="締め日数", unit="日", baseline=8, target=4)
    happened(hana, "goal.measured", TUESDAY, metric="締め日数", value=5)
    happened(hana, "goal.measured", TUESDAY, metric="知らない", value=5)
    happened(hana, "goal.measured", TUESDAY, metric="締め日数", value="5")

    engine.tick(FRIDAY)
    engine.tick(FRIDAY)

    goal = Goal.objects.get()
    assert (goal.metric, goal.agreed_at, goal.agreed_by) == ("締め日数", MONDAY, hana)
    assert (goal.baseline, goal.target) == (Decimal(8), Decimal(4))
    assert [m.value for m in goal.measurements.all()] == [5]
    traits = contract(hana).traits
    assert (traits["goals.count"], traits["goals.attainment"]) == (1, 0.75)


def test_hearing_aims_costs_the_same_statements_for_one_and_for_many() -> None:
    cast.open_vendor()
    costs = set()
    for n in (1, 3, 30):
        after = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        for i in range(n):
            who = customer(f"c{n}-{i}")
            happened(who, "goal.set", MONDAY, metric="締め日数", baseline=8, target=4)
            happened(who, "goal.measured", TUESDAY, metric="締め日数", value=5)
        with CaptureQueriesContext(connection) as asked:
            assert hear(after, FRIDAY) == 2 * n
        costs.add(len(asked))
    assert len(costs) == 1


@pytest.mark.parametrize("value", ["NaN", "Infinity", "10000000000"])
def test_a_value_that_is_no_number_is_refused_with_a_sentence(value: str) -> None:
    cast.open_vendor()
    hana = customer("hana")

    with pytest.raises(MeasureRefused, match=r"number|数"):
        measure(
            goal=aim(hana, "締め日数", 8, 4), value=Decimal(value),
            occurred_at=TUESDAY, received_at=TUESDAY,
        )  # fmt: skip
