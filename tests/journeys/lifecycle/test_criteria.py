"""Leaving a stage: N of M, what is only recommended, what is lost and comes back, what follows."""

from __future__ import annotations

from datetime import datetime

import pytest

from journeys import engine, lifecycle
from journeys.models import (
    Contact,
    CriterionState,
    Decision,
    NextScenario,
    StageTransition,
    Subscription,
)
from tests import cast
from tests.cast import at, contract, customer, happened

pytestmark = pytest.mark.django_db

MONDAY = at("2026-05-11T12:00")
TUESDAY = at("2026-05-12T12:00")
WEDNESDAY = at("2026-05-13T12:00")
THURSDAY = at("2026-05-14T12:00")
FRIDAY = at("2026-05-15T12:00")


@pytest.fixture(autouse=True)
def vendor() -> None:
    cast.open_vendor(file="criteria.yaml")


def called(contact: Contact, moment: datetime, **traits: object) -> None:
    """The company's data say something about it."""
    assert contact.account is not None
    group = {"type": "group", "groupId": contact.account.external_id, "userId": contact.user_id}
    cast.say(moment, group | {"traits": traits})


def roles(contact: Contact, moment: datetime, *names: str) -> None:
    assert contact.account is not None
    about = {"userId": contact.user_id, "context": {"groupId": contact.account.external_id}}
    cast.say(moment, {"type": "identify", "traits": {"roles": list(names)}} | about)


def stage(contact: Contact) -> str:
    found = contract(contact).stage
    return found.key if found else ""


def said(verdict: str) -> list[tuple[str, str, datetime]]:
    rows = Decision.objects.filter(verdict=verdict).order_by("at", "pk")
    return list(rows.values_list("rule", "reason", "at"))


def past_team(key: str = "hana") -> Contact:
    """A company that has left the first stage: it has a lead and a plan."""
    who = customer(key, roles=("lead",))
    called(who, at("2026-05-11T10:00"), plan="pro")
    engine.tick(MONDAY)
    assert stage(who) == "setup"
    return who


# --- leaving ----------------------------------------------------------------------------------------
def test_r4_two_of_three_required_criteria_are_enough() -> None:
    who = customer("hana", roles=("lead",))
    engine.tick(MONDAY)
    assert stage(who) == "team"

    happened(who, "kickoff.held", at("2026-05-12T09:00"))
    engine.tick(TUESDAY)

    move = StageTransition.objects.get(to_stage="setup")
    assert move.effective_at == at("2026-05-12T09:00")


def test_r4_what_is_only_recommended_opens_no_gate() -> None:
    who = customer("hana", roles=("lead",))
    happened(who, "intro.read", at("2026-05-11T10:00"))

    engine.tick(MONDAY)

    assert stage(who) == "team"
    shown = {
        item.key: (item.required, item.verdict)
        for item in lifecycle.checklist(contract(who), MONDAY)
    }
    assert shown == {
        "lead": (True, "met"), "plan": (True, "unknown"),
        "kick": (True, "not_met"), "read": (False, "met"),
    }  # fmt: skip


def test_r11_the_move_that_completes_the_onboarding_says_so() -> None:
    who = past_team()
    happened(who, "deliverable.changed", TUESDAY, deliverable="sheet", state="done")
    happened(who, "app.used", TUESDAY)

    engine.tick(WEDNESDAY)

    marked = StageTransition.objects.order_by("seq").values_list("to_stage", "completes_onboarding")
    assert list(marked) == [("team", False), ("setup", False), ("use", True)]


def test_since_when_a_criterion_is_met_is_when_it_came_true() -> None:
    who = customer("hana", roles=("lead",))
    happened(who, "intro.read", at("2026-05-11T10:10"))

    engine.tick(MONDAY)

    met = CriterionState.objects.order_by("criterion__position").values_list(
        "criterion__key", "met_at"
    )
    assert list(met) == [("lead", at("2026-05-11T09:00")), ("read", at("2026-05-11T10:10"))]


def test_a_late_fact_moves_since_when_a_criterion_is_met() -> None:
    who = customer("hana", roles=("lead",))
    happened(who, "intro.read", at("2026-05-11T10:10"))
    engine.tick(MONDAY)
    happened(who, "kickoff.held", at("2026-05-12T09:00"))
    engine.tick(TUESDAY)

    happened(who, "intro.read", at("2026-05-11T09:30"))
    engine.tick(WEDNESDAY)

    assert CriterionState.objects.get(criterion__key="read").met_at == at("2026-05-11T09:30")


# --- lost and back ----------------------------------------------------------------------------------
def test_r8_a_criterion_lost_in_a_stage_that_was_left_says_so_and_moves_nobody() -> None:
    who = past_team()

    roles(who, at("2026-05-12T09:00"))
    engine.tick(TUESDAY)
    engine.tick(WEDNESDAY)

    assert stage(who) == "setup"
    assert said("criterion_lost") == [("lead", "criterion_false", TUESDAY)]
    state = CriterionState.objects.get(criterion__key="lead")
    assert (state.lost_at, state.back_at) == (TUESDAY, None)
    (seen,) = Decision.objects.get(verdict="criterion_lost").evidence["criteria"]
    assert (seen["key"], seen["verdict"]) == ("lead", "unknown")


def test_r8_a_lost_criterion_that_is_met_again_closes_its_loss() -> None:
    who = past_team()
    roles(who, at("2026-05-12T09:00"))
    engine.tick(TUESDAY)

    roles(who, at("2026-05-13T09:00"), "lead")
    engine.tick(WEDNESDAY)
    engine.tick(THURSDAY)

    assert said("criterion_back") == [("lead", "criterion_true", WEDNESDAY)]
    states = CriterionState.objects.filter(criterion__key="lead").order_by("pk")
    assert [(s.met_at, s.lost_at, s.back_at) for s in states] == [
        (at("2026-05-11T09:00"), TUESDAY, WEDNESDAY),
        (at("2026-05-13T09:00"), None, None),
    ]


def test_r8_in_the_present_stage_also_what_a_window_undoes_is_lost() -> None:
    who = past_team()
    happened(who, "app.used", TUESDAY)
    engine.tick(TUESDAY)

    engine.tick(at("2026-05-20T12:00"))

    assert said("criterion_lost") == [("fresh", "criterion_false", at("2026-05-20T12:00"))]


def test_r8_what_a_window_undoes_after_its_stage_was_left_is_no_loss() -> None:
    who = past_team()
    happened(who, "app.used", TUESDAY)
    happened(who, "deliverable.changed", TUESDAY, deliverable="sheet", state="done")
    engine.tick(TUESDAY)
    assert stage(who) == "use"

    happened(who, "page.seen", at("2026-06-01T09:00"))
    engine.tick(at("2026-06-01T12:00"))

    assert said("criterion_lost") == []


# --- what follows -----------------------------------------------------------------------------------
def follows() -> list[tuple[str, str, str, int, datetime]]:
    rows = NextScenario.objects.order_by("pk")
    return list(rows.values_list("stage", "kind", "journey_key", "seq", "decided_at"))


def test_r13_leaving_a_stage_calls_for_its_next_scenario_once() -> None:
    past_team()
    engine.tick(TUESDAY)

    assert follows() == [("team", "success", "start", 1, MONDAY)]


def test_r13_a_deadline_that_passes_calls_for_the_recovery_once() -> None:
    """The day of the deadline is still in time: Thursday is the third business day."""
    customer("hana")
    engine.tick(MONDAY)
    engine.tick(at("2026-05-14T23:59"))
    assert follows() == []

    engine.tick(at("2026-05-15T00:00"))
    engine.tick(FRIDAY)

    assert follows() == [("team", "failure", "rescue", 1, at("2026-05-15T00:00"))]


def test_r13_more_time_or_a_hold_puts_the_recovery_off() -> None:
    extended, held = customer("extended"), customer("held")
    engine.tick(MONDAY)
    lifecycle.extend(
        subscription=contract(extended), until=at("2026-05-18T09:00").date(),
        by=None, reason="連休", now=TUESDAY,
    )  # fmt: skip
    lifecycle.hold(subscription=contract(held), by=None, reason="先方の都合", now=TUESDAY)

    engine.tick(FRIDAY)
    assert follows() == []
    engine.tick(at("2026-05-19T09:00"))

    late = NextScenario.objects.get()
    assert late.subscription_id == contract(extended).pk


# --- time to value ----------------------------------------------------------------------------------
def test_r12_time_to_value_ends_with_the_first_value_and_a_late_fact_moves_it_back() -> None:
    who = past_team()
    happened(who, "invoice.approved", at("2026-05-14T09:00"))
    happened(who, "invoice.approved", at("2026-05-14T10:00"))
    engine.tick(THURSDAY)
    assert contract(who).value_at == at("2026-05-14T09:00")

    happened(who, "invoice.approved", at("2026-05-13T09:00"))
    engine.tick(FRIDAY)

    assert Subscription.objects.get().value_at == at("2026-05-13T09:00")
