"""Facts that wait, two contacts that are one, and moves: by hand, seen first, written down (I39)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from journeys.models import Account, Contact, Event, Inbox
from tests import cast
from tests.journeys.admin.conftest import as_

NOW = cast.SLOT
EARLIER = NOW - timedelta(days=9)


@pytest.fixture
def anna(vendor: None) -> Contact:
    return cast.customer("anna")


def give(client: Client, **said: str) -> None:
    answer = client.post(reverse("admin:journeys_inbox_give"), said)
    assert answer.status_code == 302


def test_facts_that_wait_are_listed_with_their_age(ops: Client, anna: Contact) -> None:
    cast.say(EARLIER, {"type": "track", "userId": "stray", "event": "login"})
    cast.say(EARLIER, {"type": "track", "anonymousId": "cookie", "event": "seen"})
    text = ops.get(reverse("admin:journeys_inbox_changelist")).content.decode()
    assert "stray" in text
    assert "cookie" in text
    assert text.count("9 days") == 2


def test_given_an_account_what_waited_is_drained_in_order(ops: Client, anna: Contact) -> None:
    for day in (3, 1, 2):
        moment = EARLIER + timedelta(days=day)
        cast.say(moment, {"type": "track", "userId": "stray", "event": f"day{day}"})
    give(ops, user_id="stray", account="anna")
    found = Event.objects.filter(contact__user_id="stray").order_by("occurred_at")
    assert [event.name for event in found] == ["day1", "day2", "day3"]
    assert {event.account for event in found} == {anna.account}
    assert {event.received_at for event in found} == {NOW}
    assert LogEntry.objects.get().change_message == "3 facts of stray given"


def test_an_anonymous_id_is_given_its_user_and_account(ops: Client, anna: Contact) -> None:
    cast.say(EARLIER, {"type": "track", "anonymousId": "cookie", "event": "seen"})
    give(ops, anonymous_id="cookie", user_id="bert", account="anna")
    event = Event.objects.get(name="seen")
    assert event.contact is not None
    assert (event.contact.user_id, event.account) == ("bert", anna.account)
    assert event.occurred_at == EARLIER
    assert not Inbox.objects.filter(adopted_at=None).exists()


def test_a_customer_nobody_has_is_not_begun_by_a_slip(ops: Client, anna: Contact) -> None:
    cast.say(EARLIER, {"type": "track", "userId": "stray", "event": "login"})
    give(ops, user_id="stray", account="anan")
    assert Account.objects.count() == 1
    assert Event.objects.get(name="login").account is None


@pytest.mark.parametrize("role", ["csm", "marketing", "sales"])
def test_others_may_neither_give_nor_merge_nor_move(anna: Contact, role: str) -> None:
    client = as_(role)
    for name, args in (
        ("inbox_give", []),
        ("contact_merge", [anna.pk]),
        ("contact_move", [anna.pk]),
    ):
        answer = client.post(reverse(f"admin:journeys_{name}", args=args), {"account": "x"})
        assert answer.status_code == 403


def test_get_neither_gives_nor_merges_nor_moves(ops: Client, anna: Contact) -> None:
    """I25."""
    assert ops.get(reverse("admin:journeys_inbox_give")).status_code == 405
    for name in ("merge", "move"):
        assert ops.get(reverse(f"admin:journeys_contact_{name}", args=[anna.pk])).status_code == 404


def twin(anna: Contact) -> Contact:
    cast.say(
        EARLIER,
        {"type": "identify", "userId": "anna-2", "context": {"groupId": "anna"}},
        {"type": "track", "userId": "anna-2", "event": "login"},
    )
    return Contact.objects.get(user_id="anna-2")


def test_a_merge_is_looked_at_then_done_then_written_down(ops: Client, anna: Contact) -> None:
    other = twin(anna)
    at = reverse("admin:journeys_contact_change", args=[anna.pk])
    text = ops.get(at, {"loser": other.pk}).content.decode()
    assert "1 fact goes over" in text
    assert Contact.objects.filter(is_current=True).count() == 2
    ops.post(reverse("admin:journeys_contact_merge", args=[anna.pk]), {"loser": other.pk})
    assert Contact.objects.get(is_current=True) == anna
    assert LogEntry.objects.get().change_message == "merged anna-2 into anna-1"
    assert "anna-2" in ops.get(at).content.decode()


def test_another_customers_person_cannot_be_chosen(ops: Client, anna: Contact) -> None:
    """4.3.44: ids of another account in a POST change nothing."""
    bert = cast.customer("bert")
    ops.post(reverse("admin:journeys_contact_merge", args=[anna.pk]), {"loser": bert.pk})
    assert Contact.objects.filter(is_current=True).count() == 2


def test_a_person_is_moved_to_another_customer(ops: Client, anna: Contact) -> None:
    bert = cast.customer("bert")
    ops.post(reverse("admin:journeys_contact_move", args=[anna.pk]), {"account": "bert"})
    new = Contact.objects.get(user_id="anna-1", is_current=True)
    assert (new.account, new.person) == (bert.account, anna.person)
    assert LogEntry.objects.get().change_message == "moved anna-1 to bert"
