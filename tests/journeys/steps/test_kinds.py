"""What each kind of step does (R26, contracts 2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from journeys import engine
from journeys.enrollments import bucket
from journeys.models import (
    Account,
    Assignment,
    Contact,
    Decision,
    Enrollment,
    Event,
    TraitChange,
)
from tests import authoring
from tests.authoring import journey, run_of, tick, told
from tests.cast import CONTRACT_DAY, at, customer, customers, happened, say

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


# --- set --------------------------------------------------------------------------------------------
def test_set_keeps_a_trait_of_the_journeys_own_on_the_contact() -> None:
    journey({"id": "s", "set": {"j1.wave": 2, "j1.kind": "early"}}, REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    hana.refresh_from_db()
    assert (hana.traits["j1.wave"], hana.traits["j1.kind"]) == (2, "early")
    change = TraitChange.objects.get(name="j1.wave")
    assert (change.of, change.subject_id, change.source, change.occurred_at) == (
        "contact", hana.pk, "journey:j", at("2026-05-11T10:00"),
    )  # fmt: skip
    assert told()[-1] == ("s", "noted", "step_reached")


def test_set_of_a_journey_of_accounts_is_kept_on_the_account() -> None:
    journey({"id": "s", "set": {"j1.wave": 2}}, REST, subject="account")
    customer("hana")
    tick("2026-05-11T10:00")

    assert Account.objects.get(external_id="hana").traits["j1.wave"] == 2


# --- assign -----------------------------------------------------------------------------------------
def test_assign_makes_a_row_with_its_day_and_records_the_fact_once() -> None:
    journey({"id": "a", "assign": "kiso", "due": "3bd"}, REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")
    tick("2026-05-11T10:01")

    row = Assignment.objects.get()
    assert (row.contact_id, row.course, row.due_on) == (hana.pk, "kiso", date(2026, 5, 14))
    fact = Event.objects.get(name="course.assigned")
    assert (fact.contact_id, fact.properties) == (hana.pk, {"course": "kiso", "due": "2026-05-14"})
    assert told()[-1] == ("a", "assigned", "step_reached")


def test_a_journey_of_accounts_assigns_to_the_people_of_its_role() -> None:
    journey({"id": "a", "assign": "kiso"}, REST, subject="account", to={"role": "admin"})
    hana = customer("hana")
    say(CONTRACT_DAY, {"type": "identify", "userId": "hana-2", "context": {"groupId": "hana"},
                       "traits": {"roles": ["user"]}})  # fmt: skip
    tick("2026-05-11T10:00")

    assert list(Assignment.objects.values_list("contact_id", flat=True)) == [hana.pk]


# --- split ------------------------------------------------------------------------------------------
def split(*weights: float) -> dict[str, Any]:
    ways = [{"weight": w, "steps": [{"id": f"w{n}", "set": {f"way{n}": True}}]}
            for n, w in enumerate(weights)]  # fmt: skip
    return {"id": "lot", "split": ways}


def test_split_is_sticky_by_the_hash_of_journey_key_step_id_and_the_accounts_id() -> None:
    journey(split(30, 70), REST)
    customers(40)
    tick("2026-05-11T10:00")

    taken = {
        e.account.external_id: e.variants for e in Enrollment.objects.select_related("account")
    }
    assert taken == {
        key: {"lot": 0 if bucket("j/lot", key) < 0.3 else 1}
        for key in (f"c{n:03}" for n in range(40))
    }
    assert {v["lot"] for v in taken.values()} == {0, 1}


def test_split_without_a_product_draws_by_the_contacts_user_id() -> None:
    everybody = {"trait": {"of": "account", "name": "name", "is_set": True}}
    journey(split(50, 50), REST, product=None, entry={"when": everybody})
    customers(12)
    tick("2026-05-11T10:00")

    for e in Enrollment.objects.select_related("contact"):
        assert e.contact is not None
        assert e.variants == {"lot": 0 if bucket("j/lot", e.contact.user_id) < 0.5 else 1}


def test_both_ways_of_a_split_go_on_to_what_follows_it() -> None:
    journey(split(50, 50), {"id": "after", "set": {"after": 1}}, REST)
    customers(10)
    tick("2026-05-11T10:00")

    assert [c.traits.get("after") for c in Contact.objects.all()] == [1] * 10


# --- waiting ----------------------------------------------------------------------------------------
def test_wait_counts_from_reaching_the_step_in_business_days() -> None:
    journey({"id": "w", "wait": "2bd"}, REST)
    hana = customer("hana", at("2026-05-14T09:00"))  # a Thursday
    tick("2026-05-14T10:00")

    assert run_of(hana).due_at == at("2026-05-18T10:00")


@pytest.mark.parametrize(
    ("window", "due"),
    [
        (None, "2026-05-11T20:00"),
        (True, "2026-05-12T09:00"),
        ({"from": "13:00", "to": "15:00"}, "2026-05-12T13:00"),
        ({"from": "19:00", "to": "21:00"}, "2026-05-11T20:00"),
    ],
)
def test_send_window_lets_the_wait_end_inside_its_hours_on_a_business_day(
    window: Any, due: str
) -> None:
    journey({"id": "w", "wait": "10h"} | ({"send_window": window} if window else {}), REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert run_of(hana).due_at == at(due)


def test_wait_until_goes_by_then_when_it_is_met_and_by_on_timeout_when_it_is_late() -> None:
    journey(
        {"id": "u", "wait_until": USED, "timeout": "2d",
         "then": [{"id": "yes", "set": {"way": "then"}}],
         "on_timeout": [{"id": "no", "set": {"way": "late"}}]},
        {"id": "after", "set": {"after": 1}}, REST,
    )  # fmt: skip
    hana, jiro = customer("hana"), customer("jiro")
    tick("2026-05-11T10:00")
    happened(hana, "app.used", at("2026-05-11T11:00"))
    tick("2026-05-11T11:01")
    assert run_of(jiro).step_id == "u"
    tick("2026-05-13T10:00")

    ways = [Contact.objects.get(pk=c.pk).traits for c in (hana, jiro)]
    assert [(t["way"], t["after"]) for t in ways] == [("then", 1), ("late", 1)]


def test_if_sends_what_cannot_be_judged_to_else_or_to_unknown() -> None:
    size = {"trait": {"of": "account", "name": "size", "eq": "big"}}

    def fork(step: str, **more: Any) -> dict[str, Any]:
        way = {name: [{"id": f"{step}-{name}", "set": {step: name}}] for name in ("then", "else")}
        return {"id": step, "if": size, **way, **more}

    journey(
        fork("two"),
        fork("three", unknown=[{"id": "three-u", "set": {"three": "unknown"}}]),
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
        "big-1": ("then", "then"),
        "small-1": ("else", "else"),
        "other-1": ("else", "unknown"),
    }


def test_leave_ends_with_its_reason() -> None:
    journey({"id": "l", "leave": "対象外"})
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert (run_of(hana).status, run_of(hana).reason) == ("left", "leave_step")
    assert Decision.objects.get(verdict="left").rule == "対象外"


def test_a_walk_takes_at_most_fifty_steps_a_tick_and_goes_on_at_the_next() -> None:
    journey(*({"id": f"s{n}", "set": {f"t{n}": 1}} for n in range(60)), REST)
    hana = customer("hana")
    engine.tick(CONTRACT_DAY)
    assert run_of(hana).step_id == "s49"

    engine.tick(CONTRACT_DAY + timedelta(minutes=1))

    hana.refresh_from_db()
    assert (run_of(hana).step_id, sum(n.startswith("t") for n in hana.traits)) == ("rest", 60)
