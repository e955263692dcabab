"""Contracts 2, the table of steps: each row and each field."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest

from journeys.messages.templates import publish_template
from journeys.models import Assignment, Contact, Decision, Event, Message, TraitChange
from journeys.publishing import check_journey
from tests import authoring
from tests.authoring import document, journey, run_of, tick, told
from tests.cast import CONTRACT_DAY, at, customer, customers, happened, ledger_of

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


def unit(key: str, unit_key: str) -> float:
    """The contract's own formula, written out."""
    return int(hashlib.sha256(f"{key}:{unit_key}".encode()).hexdigest()[:16], 16) / 2**64


# --- the table of steps ----------------------------------------------------------------------------
def test_email_line_chat_hold_the_person_until_the_message_is_settled() -> None:
    journey({"id": "m", "email": "hello"}, REST)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert (run_of(hana).step_id, ledger_of(hana)) == ("m", [("m", "planned", "")])

    tick("2026-05-11T10:00")

    assert (run_of(hana).step_id, ledger_of(hana)) == ("rest", [("m", "accepted", "accepted")])


@pytest.mark.parametrize("channel", ["line", "chat"])
def test_a_step_for_a_channel_that_is_not_set_up_is_skipped_with_reason(channel: str) -> None:
    publish_template(
        {"key": "l1", "channel": channel, "name": "L", "topic": "start", "body": "こんにちは"},
        CONTRACT_DAY,
    )
    journey({"id": "l", channel: "l1"}, REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert (run_of(hana).step_id, ledger_of(hana)) == ("rest", [("l", "skipped", "no_channel")])


def test_email_expires_after_5bd_by_default() -> None:
    journey({"id": "m", "email": "hello"}, {"id": "m2", "email": "again", "expires_after": "1d"})
    customer("hana")
    tick("2026-05-11T09:30")
    assert Message.objects.get().expires_at == at("2026-05-18T09:30")
    tick("2026-05-11T10:00")

    assert Message.objects.get(step_id="m2").expires_at == at("2026-05-12T10:00")


def test_email_skip_if_importance_at_once_and_wait_for_nothing() -> None:
    journey(
        {"id": "skipped", "email": "hello", "skip_if": USED},
        {"id": "m", "email": "hello", "importance": "critical", "at_once": True,
         "wait_for": "nothing"},
        REST,
    )  # fmt: skip
    hana = customer("hana")
    happened(hana, "app.used", CONTRACT_DAY)
    tick("2026-05-11T09:30")

    assert (run_of(hana).step_id, ledger_of(hana)) == ("rest", [("m", "accepted", "accepted")])
    assert Message.objects.get().critical
    assert ("skipped", "skipped", "already_done") in told()


def test_nudge_holds_until_visible_and_until_withdraws_it() -> None:
    journey(
        {"id": "n", "nudge": "hint", "until": USED, "page": "goal", "expires_after": "9d"}, REST
    )
    hana = customer("hana")
    tick("2026-05-11T10:00")
    assert run_of(hana).step_id == "rest"
    assert Message.objects.get().page == "goal"

    happened(hana, "app.used", at("2026-05-11T10:05"))
    tick("2026-05-11T10:06")

    assert ledger_of(hana) == [("n", "recalled", "until_met")]


def test_wait_from_reaching_the_step_and_send_window() -> None:
    journey({"id": "w", "wait": "2bd"}, {"id": "w2", "wait": "10h", "send_window": True}, REST)
    hana = customer("hana", at("2026-05-15T09:00"))  # a Friday
    tick("2026-05-15T10:00")
    assert run_of(hana).due_at == at("2026-05-19T10:00")

    tick("2026-05-19T10:00")

    assert (run_of(hana).step_id, run_of(hana).due_at) == ("w2", at("2026-05-20T09:00"))


@pytest.mark.parametrize(("met", "way"), [(True, "then"), (False, "late")])
def test_wait_until_condition_timeout_on_timeout_then(met: bool, way: str) -> None:
    journey(
        {"id": "u", "wait_until": USED, "timeout": "2d",
         "then": [{"id": "t", "set": {"way": "then"}}],
         "on_timeout": [{"id": "o", "set": {"way": "late"}}]},
        REST,
    )  # fmt: skip
    hana = customer("hana")
    tick("2026-05-11T10:00")
    assert (run_of(hana).step_id, run_of(hana).status) == ("u", "in")
    if met:
        happened(hana, "app.used", at("2026-05-12T10:00"))
    tick("2026-05-13T10:00")

    hana.refresh_from_db()
    assert (hana.traits["way"], run_of(hana).step_id) == (way, "rest")


def test_if_then_else_unknown_goes_to_else_or_to_unknown() -> None:
    size = {"trait": {"of": "account", "name": "size", "eq": "big"}}

    def ways(step: str, *names: str) -> dict[str, Any]:
        return {name: [{"id": f"{step}-{name}", "set": {step: name}}] for name in names}

    journey(
        {"id": "two", "if": size, **ways("two", "then", "else")},
        {"id": "three", "if": size, **ways("three", "then", "else", "unknown")},
        REST,
    )
    sizes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("big", {"size": "big"}),
        ("small", {"size": "small"}),
        ("other", {}),
    )
    for key, traits in sizes:
        customer(key, **traits)
    tick("2026-05-11T10:00")

    found = {c.user_id: (c.traits["two"], c.traits["three"]) for c in Contact.objects.all()}
    assert found == {
        "big-1": ("then", "then"), "small-1": ("else", "else"), "other-1": ("else", "unknown"),
    }  # fmt: skip


def test_split_weights_sum_to_100_sticky_by_the_same_hash_with_salt_journey_key_step_id() -> None:
    ways = [{"weight": 25, "steps": [{"id": "a", "set": {"way": "a"}}]},
            {"weight": 75, "steps": [{"id": "b", "set": {"way": "b"}}]}]  # fmt: skip
    journey({"id": "lot", "split": ways}, REST)
    customers(25)
    tick("2026-05-11T10:00")

    for contact in Contact.objects.select_related("account"):
        low = unit("j/lot", contact.account.external_id) < 0.25  # type: ignore[union-attr]
        assert contact.traits["way"] == ("a" if low else "b")
    uneven = [{"weight": 25}, {"weight": 70}]
    problems = check_journey(document({"id": "lot", "split": uneven}, REST))
    assert [p.path for p in problems] == ["steps[0].split"]


def test_assign_course_due_records_course_assigned() -> None:
    journey({"id": "a", "assign": "kiso", "due": "3bd"}, REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert Assignment.objects.get(contact=hana).due_on == date(2026, 5, 14)
    fact = Event.objects.get(name="course.assigned")
    assert (fact.contact_id, fact.properties["course"]) == (hana.pk, "kiso")
    assert run_of(hana).step_id == "rest"


def test_set_trait_value_a_trait_owned_by_the_journey() -> None:
    journey({"id": "s", "set": {"wave": 2}}, REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    hana.refresh_from_db()
    assert (hana.traits["wave"], TraitChange.objects.get(name="wave").source) == (2, "journey:j")
    other = check_journey(document({"id": "s", "set": {"wave": 3}}, REST, key="k"))
    assert [p.path for p in other] == ["steps[0].set"]


def test_leave_reason_ends() -> None:
    journey({"id": "l", "leave": "対象外"})
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert (run_of(hana).status, run_of(hana).reason) == ("left", "leave_step")
    assert Decision.objects.get(verdict="left").rule == "対象外"
