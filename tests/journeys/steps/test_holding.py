"""Held-out customers, customers a person helps, and the order in a tick (R28, R83, R84)."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.enrollments import bucket
from journeys.messages.templates import publish_template
from journeys.models import (
    Assignment,
    Contact,
    Enrollment,
    Subscription,
)
from tests import authoring
from tests.authoring import journey, run_of, tick, told
from tests.cast import CONTRACT_DAY, at, customer, customers, happened, ledger_of

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


# --- the held-out group -----------------------------------------------------------------------------
def test_a_held_out_enrollment_walks_the_whole_program_and_each_message_ends_skipped_holdout() -> (
    None
):
    journey(
        {"id": "m", "email": "hello"}, {"id": "n", "nudge": "hint"}, {"id": "w", "wait": "1d"},
        {"id": "a", "assign": "kiso"}, {"id": "m2", "email": "again"},
        holdout=99.999999,
    )  # fmt: skip
    hana = customer("hana")
    tick("2026-05-11T10:00")
    tick("2026-05-12T10:00")

    assert ledger_of(hana) == [
        ("m", "skipped", "holdout"), ("n", "skipped", "holdout"), ("m2", "skipped", "holdout"),
    ]  # fmt: skip
    assert (run_of(hana).holdout, run_of(hana).status) == (True, "finished")
    assert not Assignment.objects.exists()
    assert ("a", "skipped", "holdout") in told()


def test_the_goal_of_held_out_customers_is_counted() -> None:
    journey({"id": "m", "email": "hello"}, REST, holdout=99.999999, goal=USED)
    hana = customer("hana")
    tick("2026-05-11T10:00")
    happened(hana, "app.used", at("2026-05-11T10:05"))
    tick("2026-05-11T10:06")

    outcomes = Enrollment.objects.filter(journey__key="j", holdout=True, status="goal")
    assert outcomes.count() == 1


def test_holdout_is_the_share_of_buckets_below_its_percent() -> None:
    journey(REST, holdout=30)
    customers(30)
    tick("2026-05-11T10:00")

    held = {e.account.external_id: e.holdout for e in Enrollment.objects.select_related("account")}
    assert held == {f"c{n:03}": bucket("j", f"c{n:03}") < 0.30 for n in range(30)}


# --- while a person helps ---------------------------------------------------------------------------
def put_with_a_person(contact: Contact, path: str = "off") -> None:
    Subscription.objects.filter(account=contact.account).update(path=path)


@pytest.mark.parametrize("path", ["off", "hold"])
def test_r84_what_is_not_urgent_waits_at_its_step_and_goes_on_from_it_without_repeats(
    path: str,
) -> None:
    journey(
        {"id": "w", "wait": "1d"}, {"id": "m", "email": "hello"}, {"id": "m2", "email": "again"}
    )
    hana = customer("hana")
    tick("2026-05-11T10:00")
    put_with_a_person(hana, path)
    tick("2026-05-12T10:00")
    tick("2026-05-22T10:00")
    assert (run_of(hana).step_id, run_of(hana).waiting_for, ledger_of(hana)) == ("m", "hold", [])
    assert told().count(("m", "moved", "on_hold")) == 1

    put_with_a_person(hana, "on")
    tick("2026-05-25T10:00")
    tick("2026-05-27T10:00")

    assert [row[:2] for row in ledger_of(hana)] == [("m", "accepted"), ("m2", "accepted")]


def test_r83_what_is_urgent_or_a_contract_notice_goes_out_while_a_person_helps() -> None:
    publish_template(
        {"key": "notice", "channel": "email", "name": "N", "topic": "contract", "persona": "mori",
         "subject": "大切なお知らせ", "body": "ご契約について"},
        CONTRACT_DAY,
    )  # fmt: skip
    journey(
        {"id": "w", "wait": "1h"}, {"id": "m", "email": "hello", "importance": "critical"},
        {"id": "m2", "email": "notice"}, {"id": "m3", "email": "again"},
    )  # fmt: skip
    hana = customer("hana")
    tick("2026-05-11T09:00")
    put_with_a_person(hana)
    tick("2026-05-11T10:00")
    tick("2026-05-13T10:00")
    tick("2026-05-13T10:01")

    assert [row[:2] for row in ledger_of(hana)] == [("m", "accepted"), ("m2", "accepted")]
    assert run_of(hana).waiting_for == "hold"


def test_r28_the_end_of_the_contract_takes_out_and_withdraws() -> None:
    journey({"id": "m", "email": "hello"}, REST)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    Subscription.objects.filter(account=hana.account).update(ended_at=at("2026-05-11T09:40"))
    tick("2026-05-11T10:00")

    assert (run_of(hana).status, run_of(hana).reason) == ("left", "stage_left")
    assert ledger_of(hana) == [("m", "skipped", "stage_left")]


# --- the order in a tick ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("goal", "exit_when", "ended", "expected"),
    [
        (True, True, True, ("goal", "goal_reached")),
        (False, True, True, ("left", "exit_when")),
        (False, False, True, ("left", "stage_left")),
        (False, False, False, ("finished", "finished")),
    ],
)
def test_order_in_a_tick_goal_exit_when_stage_left_then_the_step(
    goal: bool, exit_when: bool, ended: bool, expected: tuple[str, str]
) -> None:
    """All of them become true between two ticks: the first in this order is the reason."""
    never = {"event": {"name": "never"}}
    journey({"id": "w", "wait": "1h"}, goal=USED if goal else never,
            exit_when=USED if exit_when else never)  # fmt: skip
    hana = customer("hana")
    tick("2026-05-11T10:00")
    happened(hana, "app.used", at("2026-05-11T10:30"))
    if ended:
        Subscription.objects.filter(account=hana.account).update(ended_at=at("2026-05-11T10:40"))

    tick("2026-05-11T11:00")

    assert (run_of(hana).status, run_of(hana).reason) == expected
