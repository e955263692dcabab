"""Taking batches and recording single facts: once, together, and at the same cost whatever the size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from journeys import facts, people
from journeys.models import Account, Contact, Event, Inbox, Product, Receipt, TraitChange

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 11, 1, tzinfo=UTC)


def take(*calls: dict[str, Any], source: str = "s") -> facts.Verdicts:
    return facts.take(calls, source=source, received_at=NOW)


def calls(count: int, start: int = 0, day: int = 1) -> list[dict[str, Any]]:
    """For each of `count` people a group, an identify and three facts, all well-formed."""
    made: list[dict[str, Any]] = []
    for number in range(start, start + count):
        who = {
            "userId": f"u{number}",
            "timestamp": f"2026-05-{day:02}T00:00:00Z",
            "context": {"groupId": f"a{number}"},
        }
        contract = {"product": "app", "seats": day}
        delivered = {"deliverable": "plan", "state": f"s{day}"}
        said: list[dict[str, Any]] = [
            {
                "type": "group",
                "groupId": f"a{number}",
                "traits": {"name": f"A{day}", "subscriptions": [contract]},
            },
            {
                "type": "identify",
                "traits": {"email": f"u{number}-{day}@x.example", "roles": [f"r{day}"]},
                "anonymousId": f"c{number}",
            },
            {"type": "track", "event": "login"},
            {"type": "track", "event": "deliverable.changed", "properties": delivered},
            {"type": "track", "event": "seen", "userId": None, "anonymousId": f"c{number}"},
        ]
        made += [{**who, **one, "messageId": f"{number}-{day}-{n}"} for n, one in enumerate(said)]
    return made


def statements(batch: list[dict[str, Any]]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        verdicts = take(*batch)
    assert verdicts.accepted == len(batch)
    return len(seen)


# --- constant cost ----------------------------------------------------------------------------
SIZES = ((1, 0), (3, 10), (300, 100))


def test_a_batch_costs_the_same_statements_for_1_3_and_300_people() -> None:
    Product.objects.create(key="aaa", name="AAA", subscribe="every_account")
    Product.objects.create(key="app", name="App", subscribe="none")
    new = [statements(calls(count, start)) for count, start in SIZES]
    known = [statements(calls(count, start, 3)) for count, start in SIZES]
    late = [statements(calls(count, start, 2)) for count, start in SIZES]
    assert [len(set(costs)) for costs in (new, known, late)] == [1, 1, 1], (new, known, late)


def test_facts_about_people_who_are_known_cost_eight_statements_whatever_they_are() -> None:
    for count, start in SIZES:
        take(*calls(count, start))
        logins = [one for one in calls(count, start, 2) if one.get("event") == "login"]
        assert statements(logins) == 8


# --- once -------------------------------------------------------------------------------------
def test_a_batch_sent_again_changes_nothing() -> None:
    """I2, I17."""
    batch = calls(2)
    take(*batch)
    before = (Event.objects.count(), TraitChange.objects.count(), Receipt.objects.count())
    verdicts = take(*batch)
    assert (verdicts.accepted, verdicts.duplicates) == (0, len(batch))
    assert (Event.objects.count(), TraitChange.objects.count(), Receipt.objects.count()) == before


def test_of_two_bodies_under_one_id_in_one_batch_the_first_stands() -> None:
    one = {"type": "track", "event": "a", "userId": "u", "messageId": "m"}
    verdicts = take(one, {**one, "event": "b"}, one)
    assert (verdicts.accepted, verdicts.duplicates) == (1, 1)
    assert [(r.index, r.code) for r in verdicts.rejected] == [(1, "conflict")]
    assert Event.objects.get().name == "a"


def test_nothing_stays_when_the_callers_transaction_is_rolled_back() -> None:
    with transaction.atomic():
        take(*calls(1))
        facts.record(name="x", occurred_at=NOW, received_at=NOW)
        transaction.set_rollback(True)
    assert [m.objects.count() for m in (Event, Account, Contact, Receipt, TraitChange)] == [0] * 5


# --- inbox ------------------------------------------------------------------------------------
def test_an_anonymous_id_that_is_identified_later_in_the_batch_never_waits() -> None:
    nobody = {"type": "track", "event": "seen", "anonymousId": "c", "messageId": "1"}
    somebody = {"type": "identify", "userId": "u", "anonymousId": "c", "messageId": "2"}
    take(nobody, somebody)
    assert (Event.objects.get().contact, Inbox.objects.count()) == (Contact.objects.get(), 0)


def test_on_a_shared_machine_the_last_who_was_identified_is_meant() -> None:
    for number, user in enumerate(("u1", "u2")):
        take({"type": "identify", "userId": user, "anonymousId": "c", "messageId": f"i{number}"})
    take({"type": "track", "event": "seen", "anonymousId": "c", "messageId": "t"})
    assert Event.objects.values_list("contact__user_id").get() == ("u2",)


def test_traits_of_somebody_anonymous_become_theirs() -> None:
    take({"type": "identify", "anonymousId": "c", "traits": {"plan": "pro"}, "messageId": "1"})
    take({"type": "identify", "userId": "u", "anonymousId": "c", "messageId": "2"})
    assert Contact.objects.get().traits == {"plan": "pro"}


def test_an_anonymous_fact_of_an_account_is_the_accounts() -> None:
    context = {"groupId": "acme"}
    take(
        {"type": "track", "event": "seen", "anonymousId": "c", "messageId": "1", "context": context}
    )
    assert Event.objects.filter(account__external_id="acme", contact=None).count() == 1


# --- record -----------------------------------------------------------------------------------
def contact_in(account: str, at: datetime = NOW) -> Contact:
    return people.identify(user_id="u", account=account, occurred_at=at, received_at=at)


def test_a_fact_of_our_own_belongs_to_the_contacts_account() -> None:
    contact = contact_in("acme")
    event = facts.record(
        name="lesson.completed",
        occurred_at=NOW,
        received_at=NOW,
        contact_id=contact.pk,
        properties={"lesson": "l1", "course": "c1"},
    )
    assert event == Event.objects.get()
    assert (event.account_id, event.source) == (contact.account_id, "junro")


def test_a_fact_with_a_message_id_is_recorded_once() -> None:
    said: dict[str, Any] = {"name": "x", "occurred_at": NOW, "received_at": NOW, "message_id": "m"}
    assert facts.record(**said) is not None
    assert facts.record(**said) is None
    assert Event.objects.count() == 1


def test_an_earlier_fact_of_our_own_moves_back_since_when_somebody_is_known() -> None:
    contact = contact_in("acme")
    earlier = NOW - timedelta(days=3)
    facts.record(name="x", occurred_at=earlier, received_at=NOW, contact_id=contact.pk)
    contact.refresh_from_db()
    assert contact.known_since == Account.objects.get().known_since == earlier


def test_a_time_that_cannot_be_true_is_clamped_for_us_too() -> None:
    """I5."""
    facts.record(name="x", occurred_at=NOW + timedelta(days=1), received_at=NOW)
    event = Event.objects.get()
    assert (event.occurred_at, event.flags) == (NOW, ["time_clamped"])


@pytest.mark.parametrize("count", [1, 3, 300])
def test_many_facts_are_recorded_by_as_many_statements_as_one(
    count: int, django_assert_num_queries: Any
) -> None:
    """Sets, not loops: whom they name, the receipts, the facts, since when they are known."""
    take(*calls(min(count, 3)))
    contacts = list(Contact.objects.order_by("pk"))
    earlier = NOW - timedelta(days=400)
    said = [
        facts.Fact("x", earlier, contact_id=contacts[n % len(contacts)].pk, message_id=f"m{n}")
        for n in range(count)
    ]
    with django_assert_num_queries(11):
        events = facts.record_all(said, received_at=NOW)
    assert [event.pk for event in events if event] == list(
        Event.objects.filter(name="x").order_by("pk").values_list("pk", flat=True)
    )
    assert len(events) == count
    assert facts.record_all(said, received_at=NOW) == [None] * count
