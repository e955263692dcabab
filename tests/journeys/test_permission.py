"""Addresses, suppression, consent and pauses: I21, R36, R47."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeys import permission
from journeys.models import Pause, Suppression
from journeys.permission import address_hash, normalise_address
from tests.conftest import NOW
from tests.journeys.messages import world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "spelling",
    [
        "Ä@Exämple.JP",
        "ä@exämple.jp",
        " ä@xn--exmple-cua.jp ",
        "ä@EXÄMPLE.jp",
        "ａ\u0308@exämple.jp",
    ],
)
def test_i21_one_mailbox_has_one_spelling(spelling: str) -> None:
    assert normalise_address(spelling) == "ä@xn--exmple-cua.jp"


def test_i21_a_suppression_holds_for_every_spelling_and_outlives_the_person() -> None:
    contact = world.customer(email="Okano@Minato.example")
    assert permission.suppress(contact.email, "hard_bounce", NOW)
    assert not permission.suppress(contact.email.lower(), "complaint", NOW)
    contact.person.delete()

    again = world.message(world.customer(email="okano@minato.EXAMPLE"))

    assert permission.refusals([again], NOW) == {again.pk: "suppressed"}
    assert "okano" not in Suppression.objects.get().address_hash


def test_i21_a_new_secret_key_does_not_forget_who_is_suppressed(settings: Any) -> None:
    permission.suppress("a@x.example", "hard_bounce", NOW)
    before = address_hash("a@x.example")

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"

    assert address_hash("a@x.example") != before
    assert permission.is_suppressed("A@X.example")
    assert permission.release("a@x.example", NOW) == 1
    assert not permission.is_suppressed("a@x.example")


def test_a_stop_said_twice_is_one_row_and_a_yes_ends_it() -> None:
    person = world.customer().person
    first = permission.stop(person, "tips", "one_click", NOW)
    assert permission.stop(person, "tips", "page", NOW + timedelta(days=1)) == first

    permission.resume(person, "tips", "form", NOW + timedelta(days=2), wording="読みたい")

    assert permission.may([person.pk], "tips", "promotional") == {person.pk: None}
    first.refresh_from_db()
    assert first.to_at == NOW + timedelta(days=2)


@pytest.mark.parametrize(
    ("answers", "topic", "category", "why"),
    [
        ([], "onboarding", "guidance", None),
        ([], "tips", "promotional", "no_consent"),
        ([("tips", "yes")], "tips", "promotional", None),
        ([("onboarding", "yes")], "tips", "promotional", "no_consent"),
        ([("tips", "no")], "tips", "promotional", "opted_out"),
        ([("onboarding", "no")], "onboarding", "guidance", "opted_out"),
        ([("*", "no")], "onboarding", "guidance", "opted_out"),
        ([("onboarding", "yes"), ("*", "no")], "onboarding", "guidance", "opted_out"),
        ([("*", "no")], "contract", "transactional", None),
    ],
)
def test_r47_what_may_be_said(
    answers: list[tuple[str, str]], topic: str, category: str, why: str | None
) -> None:
    person = world.customer().person
    for about, answer in answers:
        say = permission.stop if answer == "no" else permission.resume
        say(person, about, "test", NOW)

    assert permission.may([person.pk], topic, category) == {person.pk: why}


def test_who_shares_a_mailbox_shares_its_stops_and_only_those() -> None:
    here, there = world.customer(email="keiri@x.example"), world.customer(email="Keiri@X.example")
    elsewhere = world.customer()
    permission.stop(here.person, "onboarding", "test", NOW)
    permission.resume(here.person, "tips", "test", NOW)

    people = [c.person_id for c in (here, there, elsewhere)]
    guidance = permission.may(people, "onboarding", "guidance")
    promotion = permission.may(people, "tips", "promotional")

    assert list(guidance.values()) == ["opted_out", "opted_out", None]
    assert list(promotion.values()) == [None, "no_consent", "no_consent"]


def test_r36_pauses_hold_from_to_and_for_what_they_name() -> None:
    account = world.customer().account
    assert account is not None
    world.customer()
    permission.pause(Pause.Scope.ACCOUNT, account.external_id, NOW, reason="休業")
    permission.pause(Pause.Scope.JOURNEY, "j1", NOW)

    assert list(permission.paused_accounts(NOW)) == [account.pk]
    assert permission.paused_journeys(NOW) == {"j1"}
    assert permission.paused_journeys(NOW - timedelta(minutes=1)) == set()

    permission.unpause(Pause.Scope.JOURNEY, "j1", NOW + timedelta(hours=1))
    assert permission.paused_journeys(NOW + timedelta(hours=2)) == set()
    permission.pause(Pause.Scope.INSTALLATION, "", NOW)
    assert len(permission.paused_accounts(NOW)) == 2
    assert permission.everything_paused(NOW)
