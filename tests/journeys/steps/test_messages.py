"""Steps that say something: letters, nudges, channels that are not set up (R26, R27)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from journeys.messages.templates import publish_template
from journeys.models import (
    Message,
    Persona,
)
from tests import authoring
from tests.authoring import journey, run_of, tick, told
from tests.cast import CONTRACT_DAY, at, customer, happened, ledger_of, say

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


# --- messages ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("channel", ["line", "chat"])
def test_a_step_for_a_channel_that_is_not_set_up_is_skipped_with_its_reason(channel: str) -> None:
    publish_template(
        {"key": "l1", "channel": channel, "name": "L", "topic": "start", "body": "こんにちは"},
        CONTRACT_DAY,
    )
    journey({"id": "l", channel: "l1"}, {"id": "after", "set": {"after": 1}}, REST)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert ledger_of(hana) == [("l", "skipped", "no_channel")]
    assert ("l", "skipped", "no_channel") in told()
    hana.refresh_from_db()
    assert hana.traits["after"] == 1


def test_a_letter_holds_the_person_until_it_is_settled_and_the_wait_counts_from_there() -> None:
    journey({"id": "m", "email": "hello"}, {"id": "w", "wait": "2d"}, REST)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert (run_of(hana).step_id, run_of(hana).waiting_for) == ("m", "message")

    tick("2026-05-11T10:00")

    assert (run_of(hana).step_id, run_of(hana).due_at) == ("w", at("2026-05-13T10:00"))


def test_wait_for_nothing_does_not_hold() -> None:
    journey({"id": "m", "email": "hello", "wait_for": "nothing"}, {"id": "w", "wait": "2d"})
    hana = customer("hana")
    tick("2026-05-11T09:30")

    assert (run_of(hana).step_id, ledger_of(hana)) == ("w", [("m", "planned", "")])


def test_at_once_does_not_wait_for_a_slot() -> None:
    journey({"id": "m", "email": "hello", "at_once": True}, REST)
    hana = customer("hana")
    tick("2026-05-11T09:30")

    assert ledger_of(hana) == [("m", "accepted", "accepted")]


def test_a_journey_of_accounts_speaks_to_the_role_its_step_names() -> None:
    journey({"id": "m", "email": "hello", "to": {"role": "boss"}}, REST, subject="account")
    hana = customer("hana")
    say(CONTRACT_DAY, {"type": "identify", "userId": "boss-1", "context": {"groupId": "hana"},
                       "traits": {"roles": ["boss"], "email": "boss@example.jp"}})  # fmt: skip
    tick("2026-05-11T09:30")

    planned = Message.objects.get()
    assert (planned.contact.user_id, planned.account_id) == ("boss-1", hana.account_id)  # type: ignore[union-attr]
    assert run_of(hana).contact_id is None


def test_a_step_that_finds_nobody_says_so_and_goes_on() -> None:
    journey({"id": "m", "email": "hello", "to": {"role": "boss"}}, REST, subject="account")
    hana = customer("hana")
    tick("2026-05-11T09:30")
    tick("2026-05-11T09:31")

    assert told()[-1] == ("m", "skipped", "no_address")
    assert run_of(hana).step_id == "rest"


def test_r27_skip_if_is_asked_at_the_step() -> None:
    journey({"id": "m", "email": "hello", "skip_if": USED}, REST)
    hana = customer("hana")
    happened(hana, "app.used", CONTRACT_DAY)
    tick("2026-05-11T09:30")

    assert (ledger_of(hana), told()[-1]) == ([], ("m", "skipped", "already_done"))


def test_a_step_may_name_who_signs_its_letter() -> None:
    Persona.objects.create(
        key="boss", name="長 太郎", organisation="アップ", from_email="boss@mail.app.example",
        legal_name="株式会社アップ", postal_address="〒100-0000 東京都架空区1-1",
        complaints_to="help@app.example",
    )  # fmt: skip
    journey(
        {"id": "m", "email": "hello", "at_once": True, "persona": "boss"},
        {"id": "m2", "email": "again", "at_once": True}, REST, topic="start",
    )  # fmt: skip
    customer("hana")
    tick("2026-05-11T09:30")
    tick("2026-05-13T09:30")

    senders = [m.from_email for m in mail.outbox]
    assert ["boss@mail.app.example" in senders[0], "mori@mail.app.example" in senders[1]] == [
        True,
        True,
    ]
    assert "長" in str(mail.outbox[0].body)
