"""What a person does to a contract's way: it sticks until it is let go, with reason and name (R7)."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from journeys import engine, lifecycle
from journeys.lifecycle import HandRefused
from journeys.models import Decision, Enrollment, StageTransition, Subscription, User
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

pytestmark = pytest.mark.django_db

MONDAY = at("2026-05-11T12:00")
TUESDAY = at("2026-05-12T12:00")
WEDNESDAY = at("2026-05-13T12:00")
THURSDAY = at("2026-05-14T12:00")


@pytest.fixture(autouse=True)
def vendor() -> None:
    cast.open_vendor()


@pytest.fixture
def mori() -> User:
    return User.objects.create_user(email="mori@vendor.example")


def begun(key: str = "hana"):
    who = customer(key)
    engine.tick(MONDAY)
    return who


def test_r7_a_move_by_hand_says_who_and_why_and_is_told_apart(mori: User) -> None:
    who = begun()

    lifecycle.move_by_hand(
        subscription=contract(who), to="settle", by=mori, reason="口頭で合意", now=TUESDAY
    )

    move = StageTransition.objects.get(to_stage="settle")
    assert (move.cause, move.by_user_id, move.note) == ("manual", mori.pk, "口頭で合意")
    assert (move.from_stage, move.effective_at, move.seq) == ("begin", TUESDAY, 2)
    why = Decision.objects.get(reason="by_hand")
    assert (why.verdict, why.rule, why.evidence) == (
        "advanced", "begin → settle", {"by": str(mori), "user": mori.pk, "note": "口頭で合意"},
    )  # fmt: skip
    automatic = StageTransition.objects.filter(cause="criteria")
    assert not automatic.exists()


def test_r7_a_move_by_hand_sticks_until_it_is_let_go(mori: User) -> None:
    who = begun()
    happened(who, "goal.set", at("2026-05-11T13:00"))
    engine.tick(TUESDAY)
    lifecycle.move_by_hand(
        subscription=contract(who), to="begin", by=mori, reason="やり直し", now=WEDNESDAY
    )

    engine.tick(at("2026-05-13T13:00"))
    assert stage_of(who) == "begin"
    lifecycle.release(subscription=contract(who), by=mori, reason="確認できた", now=THURSDAY)
    engine.tick(THURSDAY)

    moves = StageTransition.objects.order_by("seq").values_list("to_stage", "cause", "effective_at")
    assert list(moves) == [
        ("begin", "start", at("2026-05-11T00:00")),
        ("settle", "criteria", at("2026-05-11T13:00")),
        ("begin", "manual", WEDNESDAY),
        ("settle", "criteria", WEDNESDAY),
    ]


def test_a_move_by_hand_is_never_corrected(mori: User) -> None:
    who = begun()
    lifecycle.move_by_hand(
        subscription=contract(who), to="settle", by=mori, reason="合意", now=TUESDAY
    )

    happened(who, "goal.set", at("2026-05-11T09:30"))
    engine.tick(WEDNESDAY)

    assert contract(who).stage_entered_at == TUESDAY
    assert not StageTransition.objects.filter(cause="correction").exists()


def test_r7_a_skip_past_the_completing_exit_is_marked_with_its_cause(mori: User) -> None:
    cast.open_vendor(file="criteria.yaml")
    who = customer("skip")
    engine.tick(MONDAY)

    lifecycle.move_by_hand(
        subscription=contract(who), to="use", by=mori, reason="移行", now=TUESDAY
    )

    move = StageTransition.objects.get(to_stage="use")
    assert (move.completes_onboarding, move.cause) == (True, "manual")


@pytest.mark.parametrize(
    ("to", "reason", "says"),
    [
        ("settle", "  ", "reason"),
        ("begin", "x", "already"),
        ("nowhere", "x", "nowhere"),
    ],
)
def test_r7_what_cannot_be_is_refused_with_a_sentence(to: str, reason: str, says: str) -> None:
    who = begun()
    with pytest.raises(HandRefused) as refused, translation.override("en"):
        lifecycle.move_by_hand(
            subscription=contract(who), to=to, by=None, reason=reason, now=TUESDAY
        )
    assert says in str(refused.value)
    assert stage_of(who) == "begin"


def test_a_contract_that_has_ended_is_not_moved() -> None:
    who = begun()
    ended = contract(who)
    Subscription.objects.filter(pk=ended.pk).update(ended_at=TUESDAY)
    with pytest.raises(HandRefused):
        lifecycle.move_by_hand(subscription=ended, to="settle", by=None, reason="x", now=WEDNESDAY)


def test_r7_a_hold_keeps_stage_and_journeys_and_ends_when_let_go() -> None:
    who = begun()
    lifecycle.hold(subscription=contract(who), by=None, reason="先方の都合", now=TUESDAY)
    happened(who, "goal.set", TUESDAY)

    engine.tick(WEDNESDAY)
    held = contract(who)
    assert (stage_of(who), held.path, held.traits["on_path"]) == ("begin", "hold", False)
    inside = Enrollment.objects.filter(status="in").count()
    lifecycle.release(subscription=held, by=None, reason="再開", now=THURSDAY)
    engine.tick(THURSDAY)

    free = contract(who)
    assert (stage_of(who), free.path, free.traits["on_path"]) == ("settle", "on", True)
    assert inside == 2
    verdicts = Decision.objects.filter(reason="by_hand").order_by("at")
    assert list(verdicts.values_list("verdict", flat=True)) == ["held", "let_go"]


def test_r10_more_time_keeps_the_original_deadline_for_the_figures() -> None:
    who = begun()
    lifecycle.extend(
        subscription=contract(who), until=date(2026, 5, 25), by=None, reason="連休", now=TUESDAY
    )

    now = contract(who)
    assert (now.stage_due_on, now.original_due_on) == (date(2026, 5, 25), date(2026, 5, 18))
    why = Decision.objects.get(verdict="extended")
    assert (why.evidence["was"], why.evidence["is"]) == ("2026-05-18", "2026-05-25")


def test_r10_a_deadline_is_not_taken_back_by_an_extension() -> None:
    who = begun()
    with pytest.raises(HandRefused):
        lifecycle.extend(
            subscription=contract(who), until=date(2026, 5, 12), by=None, reason="x", now=TUESDAY
        )
    assert contract(who).stage_due_on == date(2026, 5, 18)


def test_letting_go_what_nobody_holds_is_refused() -> None:
    who = begun()
    with pytest.raises(HandRefused):
        lifecycle.release(subscription=contract(who), by=None, reason="x", now=TUESDAY)
