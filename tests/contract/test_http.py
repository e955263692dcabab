"""Contracts 4, sentence by sentence: what a sender may rely on."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from journeys import facts
from journeys.models import Account, Contact, Event, Inbox, Membership, Subscription, TraitChange
from tests.doors import Door, call, error

NOON = datetime(2026, 5, 11, 3, tzinfo=UTC)


def group(account: str, user: str = "u1", **more: Any) -> dict[str, Any]:
    return call("group", groupId=account, userId=user, context={}, **more)


# --- taking ---------------------------------------------------------------------------------------
def test_a_batch_is_answered_with_what_became_of_each_call(door: Door) -> None:
    bad, good = {"messageId": "b", "type": "track", "userId": "u"}, call()
    answer = door.batch(good, bad, good)
    message = answer["rejected"][0].pop("message")
    assert answer == {
        "success": True,
        "accepted": 1,
        "duplicates": 1,
        "rejected": [{"index": 1, "messageId": "b", "code": "bad_event"}],
    }
    assert message


def test_it_is_200_also_when_every_item_is_bad(door: Door) -> None:
    response = door.post("/v1/batch", {"batch": [1, 2]})
    assert (response.status_code, response.json()["accepted"]) == (200, 0)


@pytest.mark.parametrize(
    ("long", "short"),
    [(n, n[0]) for n in ("identify", "group", "track", "page", "screen", "alias")],
)
def test_one_call_has_a_door_of_its_own(door: Door, long: str, short: str) -> None:
    body = call(groupId="acme", previousId="p1")
    del body["type"]
    assert door.post(f"/v1/{long}", body).json()["accepted"] == 1
    assert door.post(f"/v1/{short}", body).json()["duplicates"] == 1


def test_page_and_screen_calls_are_facts_with_their_name(door: Door) -> None:
    door.batch(
        call("page", name="Home", category="Docs", properties={"url": "/"}),
        call("screen", name="A"),
    )
    assert list(Event.objects.order_by("pk").values_list("name", "properties")) == [
        ("page", {"name": "Home", "category": "Docs", "url": "/"}),
        ("screen", {"name": "A"}),
    ]


def test_gzip_is_accepted(door: Door) -> None:
    body = gzip.compress(json.dumps({"batch": [call()]}).encode())
    assert door.post("/v1/batch", body, Content_Encoding="gzip").json()["accepted"] == 1


def test_options_lets_a_browser_of_any_origin_send_its_key(door: Door) -> None:
    response = door.client.options("/v1/t", headers={"Origin": "https://app.example"})
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in response["Access-Control-Allow-Headers"]
    assert door.post("/v1/t", call())["Access-Control-Allow-Origin"] == "*"


def test_the_browser_sdk_is_told_where_to_send(door: Door) -> None:
    found = door.client.get(f"/v1/projects/{door.key}/settings").json()["integrations"][
        "Segment.io"
    ]
    assert (found["apiKey"], found["apiHost"], found["protocol"]) == (
        door.key,
        "testserver/v1",
        "http",
    )
    assert error(door.client.get("/v1/projects/other/settings")) == (404, "unknown_key")


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/", "/v1/batch/more"])
def test_below_v1_also_what_is_not_there_answers_in_the_shape_of_errors(
    door: Door, path: str
) -> None:
    assert error(door.client.get(path)) == (404, "not_found")
    assert error(door.post(path, {})) == (404, "not_found")


@pytest.mark.parametrize("body", [{}, {"batch": {}}, {"batch": None}])
def test_a_batch_that_is_no_list_is_400_and_names_the_field(door: Door, body: Any) -> None:
    response = door.post("/v1/batch", body)
    assert error(response) == (400, "bad_batch")
    assert response.json()["error"]["field"] == "batch"


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("ja", "ライトキーがない"),
        ("en", "The write key is missing"),
        ("fr", "ライトキーがない"),
        ("en-US,en;q=0.9,ja;q=0.8", "The write key is missing"),
    ],
)
def test_errors_are_sentences_in_the_callers_language(
    door: Door, language: str, message: str
) -> None:
    response = door.post("/v1/batch", {}, Authorization="", Accept_Language=language)
    assert response.json()["error"]["message"].startswith(message)


def test_a_database_that_is_away_is_503_and_nothing_is_taken(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I40: no answer of 500 or more leaves a partial effect."""

    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(facts, "take", away)
    response = door.post("/v1/batch", {"batch": [call()]})
    assert error(response) == (503, "unavailable")
    assert response["Retry-After"] == "5"


# --- when -----------------------------------------------------------------------------------------
def test_a_wrong_clock_is_corrected_by_what_it_shows_when_sending(door: Door) -> None:
    slow = datetime.now(UTC) - timedelta(hours=5)
    door.batch(call(timestamp=(slow - timedelta(minutes=1)).isoformat()), sentAt=slow.isoformat())
    event = Event.objects.get()
    assert event.received_at - event.occurred_at == timedelta(minutes=1)


def test_a_single_call_carries_its_own_sent_at(door: Door) -> None:
    fast = datetime.now(UTC) + timedelta(hours=5)
    door.post("/v1/track", call(timestamp=fast.isoformat(), sentAt=fast.isoformat()))
    event = Event.objects.get()
    assert (event.occurred_at, event.flags) == (event.received_at, [])


def test_a_repeated_call_may_say_another_sent_at(door: Door) -> None:
    one = call()
    door.post("/v1/track", one | {"sentAt": NOON.isoformat()})
    again = door.post("/v1/track", one | {"sentAt": datetime.now(UTC).isoformat()})
    assert again.json()["duplicates"] == 1


def test_message_ids_are_unique_to_their_source(door: Door) -> None:
    one = call()
    assert door.batch(one)["accepted"] == 1
    assert Door(source="other").batch(one)["accepted"] == 1
    assert Event.objects.count() == 2


def test_a_call_without_a_message_id_is_taken(door: Door) -> None:
    one = call()
    del one["messageId"]
    assert door.batch(one, one)["accepted"] == 2


def test_a_rejected_call_leaves_its_message_id_free(door: Door) -> None:
    assert door.codes(call(messageId="m", event="")) == ["bad_event"]
    assert door.batch(call(messageId="m"))["accepted"] == 1


# --- who ------------------------------------------------------------------------------------------
def test_unknown_ids_create_a_bare_contact_and_account(door: Door) -> None:
    door.batch(call(userId="new", context={"groupId": "newer"}))
    contact, account = Contact.objects.get(), Account.objects.get()
    assert (contact.user_id, contact.account, account.external_id) == ("new", account, "newer")
    assert contact.traits == account.traits == {}


def test_the_latest_group_is_the_account_of_facts_that_name_none(door: Door) -> None:
    door.batch(group("acme"), call(context={}))
    assert Event.objects.get().account == Account.objects.get()


def test_a_fact_keeps_the_account_it_named(door: Door) -> None:
    door.batch(group("acme"), call(context={"groupId": "other"}))
    assert Event.objects.values_list("account__external_id").get() == ("other",)
    assert Contact.objects.values_list("account__external_id").get() == ("acme",)


def test_whoever_changes_group_leaves_the_first_account_from_that_moment(door: Door) -> None:
    door.batch(
        group("acme", timestamp="2026-04-01T00:00:00Z"),
        call("identify", traits={"email": "u@x.example"}, timestamp="2026-04-01T00:00:00Z"),
        call(context={}, timestamp="2026-04-02T00:00:00Z"),
        group("beta", timestamp="2026-04-03T00:00:00Z"),
        call(context={}, timestamp="2026-04-04T00:00:00Z"),
    )
    first, second = Contact.objects.order_by("pk")
    assert (first.is_current, second.is_current) == (False, True)
    assert first.person == second.person
    assert second.email == "u@x.example"
    assert list(Event.objects.order_by("pk").values_list("contact", "account")) == [
        (first.pk, first.account_id),
        (second.pk, second.account_id),
    ]
    ends = Membership.objects.filter(role="").order_by("from_at").values_list("to_at", flat=True)
    assert list(ends) == [datetime(2026, 4, 3, tzinfo=UTC), None]


def test_somebody_in_two_accounts_at_once_is_joined_to_one_person_by_e_mail(door: Door) -> None:
    for user, account in (("u1", "acme"), ("u2", "beta")):
        context = {"groupId": account}
        door.batch(call("identify", userId=user, context=context, traits={"email": "U@x.example"}))
    one, other = Contact.objects.all()
    assert one.person == other.person
    assert (one.is_current, other.is_current) == (True, True)


def test_somebody_in_two_accounts_at_once_is_joined_to_one_person_by_alias(door: Door) -> None:
    door.batch(call(), call(userId="u2", context={"groupId": "beta"}))
    door.batch(call("alias", userId="u2", previousId="u1", context={}))
    one, other = Contact.objects.all()
    assert one.person == other.person


def test_a_mailbox_two_people_of_one_account_share_does_not_join_them(door: Door) -> None:
    for user in ("u1", "u2"):
        door.batch(call("identify", userId=user, traits={"email": "info@x.example"}))
    one, other = Contact.objects.all()
    assert one.person != other.person


def test_a_fact_of_no_group_waits_until_the_contact_has_an_account(door: Door) -> None:
    door.batch(call(context={}, timestamp="2026-04-01T00:00:00Z"))
    assert Event.objects.get().account is None
    door.batch(group("acme", timestamp="2026-05-01T00:00:00Z"))
    account = Account.objects.get()
    assert Event.objects.get().account == account
    assert account.known_since == datetime(2026, 4, 1, tzinfo=UTC)


def test_an_anonymous_id_alone_waits_until_it_is_somebody(door: Door) -> None:
    door.batch(
        call(userId=None, anonymousId="cookie", context={}, timestamp="2026-04-01T00:00:00Z")
    )
    assert (Event.objects.count(), Inbox.objects.count()) == (0, 1)
    door.batch(call("identify", anonymousId="cookie", traits={}))
    door.batch(call(userId=None, anonymousId="cookie", context={}))
    contact = Contact.objects.get()
    assert [e.contact for e in Event.objects.all()] == [contact, contact]
    assert Event.objects.earliest("pk").occurred_at == datetime(2026, 4, 1, tzinfo=UTC)
    assert Inbox.objects.filter(adopted_at=None).count() == 0


def test_an_alias_too_says_whose_an_anonymous_id_is(door: Door) -> None:
    door.batch(call(userId=None, anonymousId="cookie", context={}))
    door.batch(call("alias", previousId="cookie"))
    assert Event.objects.get().contact == Contact.objects.get()


def test_context_product_names_the_product(door: Door) -> None:
    door.batch(call(context={"groupId": "acme", "product": "app"}))
    assert Event.objects.get().product == "app"


def test_reserved_traits_of_identify_fill_the_contact(door: Door) -> None:
    traits = {
        "email": "a@x.example",
        "firstName": "里美",
        "lastName": "岡野",
        "kana": "オカノ サトミ",
        "roles": ["admin", "approver"],
        "title": "課長",
        "locale": "ja",
        "timezone": "Europe/Paris",
        "phone": "03-0000-0000",
    }
    door.batch(call("identify", traits=traits, timestamp="2026-04-01T00:00:00Z"))
    contact = Contact.objects.select_related("person").get()
    assert (contact.name, contact.title, contact.traits) == ("岡野 里美", "課長", traits)
    assert (contact.person.locale, contact.person.zone) == ("ja", "Europe/Paris")
    assert set(contact.memberships.values_list("role", flat=True)) == {"", "admin", "approver"}


def test_reserved_traits_of_group_fill_the_account_and_its_contracts(door: Door) -> None:
    contract = {
        "product": "app",
        "started_on": "2026-04-01",
        "renewal_on": "2027-04-01",
        "mrr": 30000,
        "seats": 5,
    }
    traits = {"name": "みなと製菓", "value_tier": "A", "subscriptions": [contract]}
    door.batch(group("acme", traits=traits))
    account, subscription = Account.objects.get(), Subscription.objects.get()
    assert (account.name, account.value_tier) == ("みなと製菓", "A")
    assert str(subscription.renewal_on) == "2027-04-01"
    assert (subscription.mrr, subscription.traits["seats"]) == (Decimal(30000), 5)
    assert subscription.started_at == datetime(2026, 3, 31, 15, tzinfo=UTC)


def test_what_is_accepted_is_visible_when_the_answer_leaves(door: Door) -> None:
    door.batch(call("identify", traits={"plan": "pro"}))
    assert TraitChange.objects.get().value == "pro"


def test_an_unknown_field_is_a_warning_and_the_call_stands(door: Door) -> None:
    """R102, R104: a mistake in writing is told, never refused."""
    answer = door.batch(call(evnet="login", messageId="m"))
    assert (answer["accepted"], answer["rejected"]) == (1, [])
    (warning,) = answer["warnings"]
    assert (warning["code"], warning["field"], warning["messageId"]) == (
        "unknown_field",
        "evnet",
        "m",
    )
