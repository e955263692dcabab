"""Contracts 2, journeys: each sentence of the head, of ids and of order, word for word."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from journeys import enrollments
from journeys.models import Enrollment, Message
from journeys.publishing import check_journey
from tests import authoring
from tests.authoring import AIM, document, journey, run_of, tick
from tests.cast import CONTRACT_DAY, at, customer, customers, happened, ledger_of, say

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


def inside(key: str = "j") -> list[str]:
    rows = Enrollment.objects.filter(journey__key=key, status="in").order_by("contact__user_id")
    return [str(user) for user in rows.values_list("contact__user_id", flat=True)]


def unit(key: str, unit_key: str) -> float:
    """The contract's own formula, written out."""
    return int(hashlib.sha256(f"{key}:{unit_key}".encode()).hexdigest()[:16], 16) / 2**64


# --- the head --------------------------------------------------------------------------------------
def test_subject_contact_or_account_then_steps_may_carry_to_role() -> None:
    step = {"id": "m", "email": "hello", "to": {"role": "boss"}}
    journey(step, REST, subject="account")
    hana = customer("hana")
    say(CONTRACT_DAY, {"type": "identify", "userId": "boss-1", "context": {"groupId": "hana"},
                       "traits": {"roles": ["boss"], "email": "boss@example.jp"}})  # fmt: skip
    tick("2026-05-11T10:00")

    assert run_of(hana).contact_id is None
    assert Message.objects.get().contact.user_id == "boss-1"  # type: ignore[union-attr]
    assert [p.path for p in check_journey(document(step, REST, subject="contact"))] == [
        "steps[0].to"
    ]


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        ({"stage": "begin"}, ["hana-1", "jiro-1"]),
        ({"stage": "settle"}, []),
        ({"when": USED}, ["hana-1"]),
        ({"event": "app.used"}, ["hana-1"]),
        ({"every": {"month": "6bd"}}, []),
        ({"by": "hand"}, []),
        ({"by": "api"}, []),
    ],
)
def test_entry_stage_or_when_condition_event_name_every_month_by_hand_or_api(
    entry: dict[str, Any], who: list[str]
) -> None:
    journey(REST, entry=entry)
    hana, _jiro = customer("hana"), customer("jiro")
    happened(hana, "app.used", at("2026-05-11T09:30"))

    tick("2026-05-11T10:00")

    assert inside() == who


def test_entry_every_month_6bd_is_the_sixth_business_day_of_the_month() -> None:
    journey(REST, entry={"every": {"month": "6bd"}})
    customer("hana")
    tick("2026-05-12T23:59")
    assert inside() == []

    tick("2026-05-13T00:00")  # 1, 7, 8, 11, 12, 13 May: Golden Week is closed

    assert inside() == ["hana-1"]


def test_to_role_who_holds_it_now() -> None:
    journey(REST, to={"role": "admin"})
    customer("hana")
    customer("jiro", roles=("user",))
    tick("2026-05-11T10:00")

    assert inside() == ["hana-1"]


def test_enroll_new_who_matched_already_at_publishing_stays_out_until_they_stop_and_match_again() -> (
    None
):
    hana, jiro = customer("hana"), customer("jiro")
    happened(hana, "app.used", CONTRACT_DAY)
    tick("2026-05-11T09:00")
    recently = {"event": {"name": "app.used", "within": "7d"}}
    for key, enroll in (("j", "new"), ("k", "existing")):
        journey(
            REST, key=key, enroll=enroll, entry={"when": recently}, now=at("2026-05-11T09:30")
        )  # fmt: skip
    happened(jiro, "app.used", at("2026-05-11T09:40"))
    tick("2026-05-11T10:00")
    assert (inside("j"), inside("k")) == (["jiro-1"], ["hana-1", "jiro-1"])

    tick("2026-05-20T10:00")
    happened(hana, "app.used", at("2026-05-20T10:10"))
    tick("2026-05-20T10:11")

    assert inside("j") == ["hana-1", "jiro-1"]


@pytest.mark.parametrize(
    ("rule", "runs"), [("never", 1), ("always", 9), ({"after": "4d"}, 2), (None, 1)]
)
def test_reentry_never_always_or_after_a_time(rule: Any, runs: int) -> None:
    said = {} if rule is None else {"reentry": rule}
    journey({"id": "w", "wait": "1d"}, **said)
    customer("hana")
    for day in range(11, 20):
        tick(f"2026-05-{day}T10:00")

    assert Enrollment.objects.count() == runs


@pytest.mark.parametrize("missing", ["satisfaction", "efficiency", "kpi"])
def test_aim_satisfaction_efficiency_kpi_owner_review_by(missing: str) -> None:
    whole = AIM | {"owner": "ops@vendor.example", "review_by": "2026-12-31"}
    assert check_journey(document(REST, aim=whole)) == []
    problems = check_journey(document(REST, aim=whole | {missing: ""}))
    assert [p.path for p in problems] == [f"aim.{missing}"]


def test_holdout_percent_of_the_hash_of_journey_key_and_unit_key() -> None:
    journey(REST, holdout=30)
    everybody = {"trait": {"of": "account", "name": "name", "is_set": True}}
    journey(REST, key="k", holdout=30, product=None, entry={"when": everybody})
    customers(25)
    tick("2026-05-11T10:00")

    for e in Enrollment.objects.select_related("account", "contact", "journey"):
        # the account's external id when the journey has a product, else the contact's user id
        whose = e.account.external_id if e.journey.key == "j" else e.contact.user_id  # type: ignore[union-attr]
        assert e.holdout == (unit(e.journey.key, whose) < 0.30)
    assert {e.holdout for e in Enrollment.objects.all()} == {True, False}


# --- ids, order, level -------------------------------------------------------------------------------
def test_every_step_has_a_stable_id_which_never_changes_kind_and_is_never_reused() -> None:
    def wrong(*steps: dict[str, Any]) -> list[str]:
        return [p.path for p in check_journey(document(*steps))]

    assert wrong({"wait": "1d"}) == ["steps[0]"]
    assert wrong({"id": "a", "wait": "1d"}, {"id": "a", "wait": "2d"}) == ["steps[0].id"]
    journey({"id": "a", "email": "hello"}, REST)
    assert wrong({"id": "a", "nudge": "hint"}, REST) == ["steps[0].id"]
    journey(REST)
    assert wrong({"id": "a", "email": "again"}, REST) == ["steps[0].id"]


@pytest.mark.parametrize(
    ("goal", "exit_when", "ended", "reason"),
    [
        (True, True, True, "goal_reached"),
        (False, True, True, "exit_when"),
        (False, False, True, "stage_left"),
        (False, False, False, "finished"),
    ],
)
def test_order_in_a_tick_goal_exit_when_stage_left_then_the_step(
    goal: bool, exit_when: bool, ended: bool, reason: str
) -> None:
    never = {"event": {"name": "never"}}
    journey(
        {"id": "w", "wait": "1h"}, goal=USED if goal else never, exit_when=USED if exit_when else never
    )  # fmt: skip
    hana = customer("hana")
    tick("2026-05-11T10:00")
    happened(hana, "app.used", at("2026-05-11T10:30"))
    if ended:
        hana.account.subscriptions.update(ended_at=at("2026-05-11T10:40"))  # type: ignore[union-attr]

    tick("2026-05-11T11:00")

    assert run_of(hana).reason == reason


def test_at_a_step_skip_if_then_arbitration() -> None:
    """What is done already does not compete with what is not."""
    journey({"id": "m", "email": "hello", "skip_if": USED}, REST, priority=90)
    journey({"id": "m", "email": "again"}, REST, key="k", priority=10)
    hana = customer("hana")
    happened(hana, "app.used", CONTRACT_DAY)
    tick("2026-05-11T10:00")

    assert [row[:2] for row in ledger_of(hana)] == [("m", "accepted")]
    assert Message.objects.get().journey_key == "k"


def test_entry_is_a_level_whoever_matches_and_may_enter_enters_at_the_tick() -> None:
    journey(REST, entry={"when": {"not": USED}})
    hana = customer("hana")
    happened(hana, "app.used", at("2026-05-11T09:30"))  # was true before, is not at the tick
    customer("jiro")

    tick("2026-05-11T10:00")

    assert inside() == ["jiro-1"]
    assert enrollments.bucket("j", "jiro") == unit("j", "jiro")
