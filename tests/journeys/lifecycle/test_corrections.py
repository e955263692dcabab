"""A late earlier fact moves a move's moment back, never a stage; nothing said is unsaid."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import conditions, engine, lifecycle
from journeys.calendars import days_at
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.lifecycle.correcting import correct
from journeys.lifecycle.history import flaws, history
from journeys.models import Contact, Decision, Message, StageTransition
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

pytestmark = pytest.mark.django_db

NOON = at("2026-05-13T12:00")
LATER = at("2026-05-14T12:00")


@pytest.fixture(autouse=True)
def vendor() -> None:
    cast.open_vendor()


def way(contact: Contact) -> list[tuple[str, object]]:
    steps = history([contract(contact).pk])[contract(contact).pk]
    return [(step.move.to_stage, step.effective_at) for step in steps]


def in_stage(stage: str, ask: Ask, **more: str) -> list[int]:
    tree = conditions.parse({"stage": {"is": stage, **more}}, subject="subscription")
    return list(
        SUBSCRIPTION.every()
        .filter(conditions.compile(tree, True, ask, SUBSCRIPTION))
        .values_list("pk", flat=True)
    )


def test_a_late_earlier_fact_moves_the_moment_back_by_a_row() -> None:
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-13T09:00"))
    engine.tick(NOON)

    happened(hana, "goal.set", at("2026-05-12T09:00"))
    engine.tick(LATER)

    rows = StageTransition.objects.filter(to_stage="settle").order_by("pk")
    assert [(r.seq, r.effective_at, r.decided_at, r.cause) for r in rows] == [
        (2, at("2026-05-13T09:00"), NOON, "criteria"),
        (2, at("2026-05-12T09:00"), LATER, "correction"),
    ]
    assert rows[1].corrects == rows[0].pk
    assert contract(hana).stage_entered_at == at("2026-05-12T09:00")


def test_the_correction_says_why_in_the_ledger() -> None:
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-13T09:00"))
    engine.tick(NOON)

    happened(hana, "goal.set", at("2026-05-12T09:00"))
    engine.tick(LATER)

    why = Decision.objects.get(verdict="corrected")
    assert (why.reason, why.rule, why.at) == ("late_fact", "begin → settle", LATER)
    assert why.evidence == {"was": "2026-05-13T00:00:00+00:00", "is": "2026-05-12T00:00:00+00:00"}


def test_a_corrected_entry_moves_what_followed_from_it() -> None:
    """The second stage was done before it began, so it is left where the first one is."""
    hana = customer("hana")
    for minute in range(3):
        happened(hana, "app.used", at(f"2026-05-11T10:0{minute}"))
    happened(hana, "goal.set", at("2026-05-13T09:00"))
    engine.tick(NOON)
    assert way(hana)[1:] == [
        ("settle", at("2026-05-13T09:00")),
        ("done", at("2026-05-13T09:00")),
    ]

    happened(hana, "goal.set", at("2026-05-11T09:30"))
    engine.tick(LATER)

    assert way(hana)[1:] == [
        ("settle", at("2026-05-11T09:30")),
        ("done", at("2026-05-11T10:02")),
    ]
    assert flaws(history([contract(hana).pk])[contract(hana).pk]) == []


def test_as_known_sees_the_old_moment_and_hindsight_the_new_one() -> None:
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-13T09:00"))
    engine.tick(NOON)
    happened(hana, "goal.set", at("2026-05-12T09:00"))
    engine.tick(LATER)
    evening = at("2026-05-12T20:00")

    hindsight = in_stage("settle", Ask(now=evening, days=days_at(evening)))
    as_known = in_stage("settle", Ask(now=LATER, days=days_at(LATER), known_at=NOON))
    on_the_day = in_stage("settle", Ask(now=evening, days=days_at(evening), known_at=evening))

    assert (hindsight, as_known, on_the_day) == (
        [contract(hana).pk],
        [contract(hana).pk],
        [],
    )
    two_days = {"for_at_least": "2d"}
    ask = Ask(now=LATER, days=days_at(LATER))
    assert in_stage("settle", ask, **two_days) == [contract(hana).pk]
    known_then = Ask(now=LATER, days=days_at(LATER), known_at=NOON)
    assert in_stage("settle", known_then, **two_days) == []


def test_nothing_said_is_unsaid_and_no_stage_goes_back() -> None:
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-13T09:00"))
    engine.tick(NOON)
    said = list(Message.objects.order_by("pk").values_list("key", "state"))

    happened(hana, "goal.set", at("2026-05-12T09:00"))
    engine.tick(NOON)

    assert list(Message.objects.order_by("pk").values_list("key", "state")) == said
    assert stage_of(hana) == "settle"


def test_deadlines_count_from_the_corrected_start_and_an_extension_stays() -> None:
    hana = customer("hana", at("2026-05-13T09:00"))
    engine.tick(NOON)
    assert contract(hana).stage_due_on == date(2026, 5, 20)

    group = {"type": "group", "groupId": "hana", "userId": "hana-1"}
    started = {"subscriptions": [{"product": "app", "started_on": "2026-05-11"}]}
    cast.say(at("2026-05-13T13:00"), group | {"traits": started})
    engine.tick(LATER)

    now = contract(hana)
    assert (now.stage_due_on, now.original_due_on) == (date(2026, 5, 18), date(2026, 5, 18))
    assert way(hana) == [("begin", at("2026-05-11T00:00"))]


def test_a_later_start_that_is_told_late_moves_nothing_forward() -> None:
    hana = customer("hana")
    engine.tick(NOON)

    started = {"subscriptions": [{"product": "app", "started_on": "2026-06-01"}]}
    cast.say(NOON, {"type": "group", "groupId": "hana", "userId": "hana-1", "traits": started})
    engine.tick(LATER)

    assert way(hana) == [("begin", at("2026-05-11T00:00"))]


def test_a_tick_of_an_earlier_time_corrects_nothing() -> None:
    """`tick --again` asks with less than was known when the moves were made."""
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-13T09:00"))
    engine.tick(NOON)
    happened(hana, "goal.set", at("2026-05-12T09:00"))

    engine.tick(at("2026-05-11T12:00"), again=True)

    assert not StageTransition.objects.filter(cause="correction").exists()


@pytest.mark.parametrize("count", [1, 3, 300])
def test_corrections_cost_the_same_statements_for_everybody(count: int) -> None:
    people = [customer(f"c{n:03}") for n in range(count)]
    for one in people:
        happened(one, "goal.set", at("2026-05-13T09:00"))
    lifecycle.advance(NOON)
    for one in people:
        happened(one, "goal.set", at("2026-05-12T09:00"))
    earliest = {contract(one).account_id: at("2026-05-12T09:00") for one in people}

    with CaptureQueriesContext(connection) as asked:
        made = correct(earliest, Ask(now=LATER, days=days_at(LATER)))

    assert (made, len(asked)) == (count, CORRECTING)


#: Contracts, their moves and columns, stages and criteria; two for the condition; three writes.
CORRECTING = 11
