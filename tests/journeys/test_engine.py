"""The tick: what moves, what rests, what is said why; and that twice is as good as once."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import engine, permission
from journeys.messages import delivery
from journeys.models import (
    CriterionState,
    Decision,
    Enrollment,
    Journey,
    JourneyVersion,
    Message,
    Pause,
    StageTransition,
    Tick,
)
from tests import cast
from tests.cast import CONTRACT_DAY, SLOT, at, contract, customer, happened, ledger_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def vendor() -> None:
    cast.open_vendor()


def run(moment: str) -> None:
    """A tick and a pass of the sender, as the sweep does it; twice, so that wakes are seen."""
    for _pass in range(2):
        engine.tick(at(moment))
        delivery.send_due(at(moment))


def rows() -> dict[str, int]:
    nouns = (Decision, Enrollment, Message, StageTransition, CriterionState)
    return {noun.__name__: noun.objects.count() for noun in nouns}


def test_a_contract_enters_the_first_stage_at_its_start_however_late_the_tick() -> None:
    hana = customer("hana")

    engine.tick(at("2026-05-13T12:00"))

    move = StageTransition.objects.get()
    assert (move.to_stage, move.effective_at) == ("begin", at("2026-05-11T00:00"))
    assert contract(hana).stage_due_on == date(2026, 5, 18)


def test_r6_a_stage_is_left_once_with_its_evidence_and_the_moment_it_came_true() -> None:
    hana = customer("hana")
    engine.tick(CONTRACT_DAY)
    happened(hana, "goal.set", at("2026-05-11T09:40"))

    engine.tick(SLOT)
    engine.tick(SLOT + timedelta(minutes=1))

    move = StageTransition.objects.get(to_stage="settle")
    assert move.effective_at == at("2026-05-11T09:40")
    assert move.decided_at == SLOT
    assert [(c["key"], c["verdict"]) for c in move.evidence["criteria"]] == [("aim", "met")]


def test_one_tick_passes_every_stage_whose_criteria_are_met_one_row_each() -> None:
    hana = customer("hana")
    for minute in range(3):
        happened(hana, "app.used", at(f"2026-05-11T09:1{minute}"))
    happened(hana, "goal.set", at("2026-05-11T09:20"))

    engine.tick(SLOT)

    moves = StageTransition.objects.order_by("seq").values_list(
        "from_stage", "to_stage", "effective_at"
    )
    assert list(moves) == [
        ("", "begin", at("2026-05-11T00:00")),
        ("begin", "settle", at("2026-05-11T09:20")),
        ("settle", "done", at("2026-05-11T09:20")),
    ]


def test_i17_a_tick_twice_is_a_tick_once() -> None:
    for n in range(3):
        happened(customer(f"c{n}"), "goal.set", CONTRACT_DAY)
    engine.tick(SLOT)
    before = rows()

    counts = engine.tick(SLOT)

    assert rows() == before
    assert {k: v for k, v in asdict(counts).items() if v and k != "took_ms"} == {}


def test_the_engine_does_not_go_back_unless_asked_to() -> None:
    engine.tick(SLOT)

    with pytest.raises(engine.TickRefused, match="2026-05-11"):
        engine.tick(CONTRACT_DAY)
    engine.tick(CONTRACT_DAY, again=True)


def test_quiet_ticks_leave_one_row_between_them() -> None:
    for minute in range(5):
        engine.tick(SLOT + timedelta(minutes=minute))

    assert Tick.objects.count() == 1


def test_a_letter_leaves_at_the_slot_and_the_journey_goes_on_from_there() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")
    assert ("hello", "planned", "") in ledger_of(hana)

    run("2026-05-11T10:00")

    assert ("hello", "accepted", "accepted") in ledger_of(hana)
    assert ("hint", "planned", "") in ledger_of(hana)


def test_r32_of_two_journeys_the_more_important_one_speaks_and_the_other_waits() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")
    run("2026-05-11T10:00")

    assert ("again", "held", "lost_to_priority") in ledger_of(hana)
    run("2026-05-12T10:00")
    assert ("again", "held", "gap") in ledger_of(hana)
    run("2026-05-13T10:00")
    assert ("again", "accepted", "accepted") in ledger_of(hana)


def test_r27_what_is_done_already_is_skipped_at_the_slot_and_says_so() -> None:
    hana = customer("hana")
    Journey.objects.filter(key="rival").update(priority=10)
    JourneyVersion.objects.filter(journey__key="rival").delete()
    run("2026-05-11T09:30")
    run("2026-05-11T10:00")
    happened(hana, "goal.set", at("2026-05-11T10:10"))
    run("2026-05-11T10:11")
    assert ledger_of(hana)[-1] == ("again", "planned", "")

    happened(hana, "setting.done", at("2026-05-11T10:20"))
    run("2026-05-11T15:00")

    assert ledger_of(hana)[-1] == ("again", "skipped", "already_done")
    why = Decision.objects.get(step_id="again", verdict="skipped")
    assert why.evidence["skip_if"]["verdict"] == "met"


def test_a_nudge_is_taken_back_when_it_is_no_longer_needed() -> None:
    hana = customer("hana")
    run("2026-05-11T10:00")

    happened(hana, "goal.set", at("2026-05-11T10:10"))
    run("2026-05-11T10:11")

    assert ("hint", "recalled", "until_met") in ledger_of(hana)


def test_a_time_out_takes_its_branch_and_then_the_way_goes_on() -> None:
    hana = customer("hana")
    run("2026-05-11T10:00")

    run("2026-05-14T10:00")

    assert ("late", "accepted", "accepted") in ledger_of(hana)


def test_r28_reaching_the_goal_leaves_and_takes_back_what_was_not_handed_over() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")
    happened(hana, "goal.set", at("2026-05-11T09:40"))
    for minute in range(3):
        happened(hana, "app.used", at(f"2026-05-11T09:5{minute}"))

    run("2026-05-11T10:00")

    left = Enrollment.objects.get(journey__key="welcome")
    assert (left.status, left.reason) == ("goal", "goal_reached")
    assert ("hello", "skipped", "goal_reached") in ledger_of(hana)


def test_i20_who_said_stop_gets_nothing_more() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")

    permission.stop(hana.person, "start", "test", at("2026-05-11T09:31"))
    run("2026-05-11T10:00")

    assert {r[1:] for r in ledger_of(hana) if r[0] == "hello"} == {("skipped", "opted_out")}


def test_r36_the_global_stop_switch_holds_everything_and_loses_nothing() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")
    permission.pause(Pause.Scope.INSTALLATION, "", at("2026-05-11T09:31"), by=None)
    run("2026-05-11T10:00")
    assert {r[1:] for r in ledger_of(hana)} == {("held", "paused")}

    permission.unpause(Pause.Scope.INSTALLATION, "", at("2026-05-11T14:00"))
    run("2026-05-11T15:00")

    assert ("hello", "accepted", "accepted") in ledger_of(hana)


def test_r33_what_waited_too_long_expires_instead_of_going_late() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")

    run("2026-05-25T10:00")

    assert ("hello", "expired", "expired") in ledger_of(hana)


def test_r30_nothing_of_guidance_leaves_outside_business_hours() -> None:
    hana = customer("hana")
    run("2026-05-11T09:30")

    run("2026-05-11T20:00")

    moved = Message.objects.get(contact=hana, step_id="hello")
    assert (moved.state, moved.reason, moved.due_at) == (
        "held",
        "closed_day",
        at("2026-05-12T10:00"),
    )


@pytest.mark.parametrize("count", [1, 3, 300])
def test_statements_of_a_tick_do_not_grow_with_the_customers(count: int) -> None:
    cast.customers(count)
    with CaptureQueriesContext(connection) as first:
        engine.tick(CONTRACT_DAY)
    with CaptureQueriesContext(connection) as slot:
        engine.tick(SLOT)

    assert Enrollment.objects.filter(status="in").count() == 2 * count
    assert (len(first), len(slot)) == STATEMENTS


#: Statements of a tick that enrolls and plans, and of one that judges a slot. On PostgreSQL two
#: more take and give back the engine's lock.
LOCK = 2 if connection.vendor == "postgresql" else 0
STATEMENTS = (84 + LOCK, 82 + LOCK)
