"""Who is who, and what contracts they have: the verbs the house itself uses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from journeys import facts, people
from journeys.models import (
    Account,
    Address,
    Consent,
    Contact,
    Membership,
    Person,
    Product,
    Subscription,
    TraitChange,
    TraitRepeat,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def identify(user: str = "u1", at: datetime = NOW, account: str = "acme", **traits: Any) -> Contact:
    return people.identify(
        user_id=user, account=account, traits=traits, occurred_at=at, received_at=NOW
    )


def group(account: str = "acme", at: datetime = NOW, user: str = "", **traits: Any) -> Account:
    return people.group(
        account=account, user_id=user, traits=traits, occurred_at=at, received_at=NOW
    )


def contract(**traits: Any) -> dict[str, Any]:
    return {"subscriptions": [{"product": "app", **traits}]}


# --- traits -----------------------------------------------------------------------------------
def test_a_trait_is_appended_when_it_changes() -> None:
    for at, plan in ((NOW - 3 * DAY, "free"), (NOW - 2 * DAY, "free"), (NOW - DAY, "pro")):
        identify(at=at, plan=plan)
    changes = TraitChange.objects.order_by("occurred_at").values_list("value", "occurred_at")
    assert list(changes) == [("free", NOW - 3 * DAY), ("pro", NOW - DAY)]
    assert TraitRepeat.objects.get().names == ["plan"]


def test_a_late_trait_is_appended_but_does_not_overwrite_the_cache() -> None:
    identify(at=NOW, plan="pro")
    contact = identify(at=NOW - DAY, plan="free")
    assert contact.traits == {"plan": "pro"}
    assert TraitChange.objects.count() == 2


def test_a_late_trait_does_not_undo_what_was_said_again_since() -> None:
    """I4: free on the 1st, pro on the 2nd (late), free on the 3rd."""
    identify(at=NOW - 3 * DAY, plan="free")
    identify(at=NOW - DAY, plan="free")
    assert identify(at=NOW - 2 * DAY, plan="pro").traits == {"plan": "free"}


def test_null_removes_a_trait() -> None:
    identify(at=NOW - DAY, plan="pro", title="課長")
    contact = identify(plan=None, title=None)
    assert (contact.traits, contact.title) == ({}, "")
    assert TraitChange.objects.filter(value__isnull=True).count() == 2


def test_a_trait_that_does_not_fit_is_refused() -> None:
    with pytest.raises(people.BadTrait, match=r"traits\.email"):
        identify(email="a@x.example, b@x.example")
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        ({"name": "Minato"}, "Minato"),
        ({"firstName": "里美", "lastName": "岡野"}, "岡野 里美"),
        ({"firstName": "Satomi", "lastName": "Okano", "locale": "en-GB"}, "Satomi Okano"),
        ({"lastName": "岡野"}, "岡野"),
    ],
)
def test_a_name_is_put_together_of_its_parts(traits: dict[str, Any], name: str) -> None:
    assert identify(**traits).name == name


def test_the_owner_is_a_member_of_staff() -> None:
    csm = people.invite_staff(email="csm@x.example", role="csm", now=NOW)
    assert group(owner="CSM@x.example").owner == csm
    assert group(owner="nobody@x.example").owner is None


# --- roles ------------------------------------------------------------------------------------
def roles() -> list[tuple[str, datetime, datetime | None]]:
    rows = Membership.objects.exclude(role="").order_by("role", "from_at")
    return list(rows.values_list("role", "from_at", "to_at"))


def test_a_list_of_roles_opens_and_closes_them() -> None:
    identify(at=NOW - 2 * DAY, roles=["admin", "approver"])
    identify(at=NOW - DAY, roles=["approver"])
    assert roles() == [("admin", NOW - 2 * DAY, NOW - DAY), ("approver", NOW - 2 * DAY, None)]


def test_an_earlier_list_of_roles_may_come_late() -> None:
    """I4."""
    identify(at=NOW - 3 * DAY, account="acme")
    identify(at=NOW - DAY, roles=["approver"])
    identify(at=NOW - 2 * DAY, role="admin")
    assert roles() == [("admin", NOW - 2 * DAY, NOW - DAY), ("approver", NOW - DAY, None)]


def test_roles_end_with_the_stay() -> None:
    identify(at=NOW - 2 * DAY, roles=["admin"])
    group("beta", user="u1", at=NOW - DAY)
    assert roles() == [("admin", NOW - 2 * DAY, NOW - DAY)]


def test_roles_said_before_there_was_an_account_begin_with_it() -> None:
    identify(at=NOW - 2 * DAY, account="", roles=["admin"])
    group(user="u1", at=NOW - DAY)
    assert roles() == [("admin", NOW - DAY, None)]


# --- moving -----------------------------------------------------------------------------------
def test_who_comes_back_is_the_contact_they_were() -> None:
    first = identify(at=NOW - 3 * DAY)
    group("beta", user="u1", at=NOW - 2 * DAY)
    group("acme", user="u1", at=NOW - DAY)
    current = Contact.objects.get(is_current=True)
    assert (current, Contact.objects.count()) == (first, 2)


def test_what_a_person_is_called_follows_them_but_not_their_role() -> None:
    identify(at=NOW - 2 * DAY, name="岡野", email="o@x.example", roles=["admin"], title="課長")
    group("beta", user="u1", at=NOW - DAY)
    current = Contact.objects.get(is_current=True)
    assert (current.name, current.email, current.title) == ("岡野", "o@x.example", "")
    assert current.traits == {"name": "岡野", "email": "o@x.example"}


def test_what_was_said_before_a_move_and_comes_late_is_said_of_who_they_were() -> None:
    identify(at=NOW - 3 * DAY)
    group("beta", user="u1", at=NOW - DAY)
    former = identify(at=NOW - 2 * DAY, account="", name="岡野", plan="pro")
    assert (former.is_current, former.traits) == (False, {"name": "岡野", "plan": "pro"})
    assert Contact.objects.get(is_current=True).traits == {"name": "岡野"}


# --- one human --------------------------------------------------------------------------------
def test_a_join_keeps_the_stricter_consent_and_everything_else() -> None:
    one, other = identify("u1", email="a@x.example"), identify("u2", account="beta")
    Consent.objects.create(person=one.person, topic="*", answer="yes", how="form", from_at=NOW)
    Consent.objects.create(person=other.person, topic="*", answer="no", how="link", from_at=NOW)
    identify("u2", account="beta", email="A@X.example")
    person = Person.objects.get()
    assert list(person.consents.filter(to_at=None).values_list("answer", flat=True)) == ["no"]
    assert person.consents.count() == 2
    assert set(person.contacts.values_list("user_id", flat=True)) == {"u1", "u2"}


def test_an_address_nobody_has_any_more_is_closed() -> None:
    identify(at=NOW - DAY, email="old@x.example")
    identify(email="new@x.example")
    live = Address.objects.filter(to_at=None).values_list("value", flat=True)
    assert (list(live), Address.objects.count()) == (["new@x.example"], 2)


def test_an_alias_joins_two_user_ids_and_keeps_both() -> None:
    identify("u1"), identify("u2", account="beta")
    people.alias(previous_id="u1", user_id="u2", occurred_at=NOW, received_at=NOW)
    assert (Person.objects.count(), Contact.objects.filter(is_current=True).count()) == (1, 2)


# --- contracts --------------------------------------------------------------------------------
def test_every_new_account_gets_the_product_that_every_account_gets() -> None:
    Product.objects.create(key="aaa", name="AAA", subscribe="every_account")
    account = group(at=NOW - DAY)
    subscription = Subscription.objects.get()
    assert (subscription.account, subscription.started_at) == (account, NOW - DAY)
    assert (subscription.version, subscription.stage) == (None, None)


def test_a_contract_by_rule_starts_with_the_earliest_news_however_late() -> None:
    Product.objects.create(key="aaa", name="AAA", subscribe="every_account")
    group(at=NOW - DAY)
    identify(at=NOW - 9 * DAY)
    subscription = Subscription.objects.get()
    assert subscription.started_at == subscription.known_since == NOW - 9 * DAY


def test_a_given_start_wins() -> None:
    Product.objects.create(key="app", name="App", subscribe="every_account")
    account = group(at=NOW - DAY, **contract(started_on="2026-04-01"))
    group(at=NOW - 100 * DAY)
    subscription = Subscription.objects.get()
    account.refresh_from_db()
    assert subscription.started_at == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert account.known_since == subscription.known_since == NOW - 100 * DAY


def test_a_start_before_all_news_is_when_they_are_known_since() -> None:
    account = group(**contract(started_on="2026-04-01"))
    assert account.known_since == datetime(2026, 3, 31, 15, tzinfo=UTC)


def test_a_contract_named_without_a_start_begins_with_the_first_call_that_names_it() -> None:
    group(at=NOW - 9 * DAY)
    group(at=NOW - DAY, **contract(seats=1))
    group(at=NOW - 2 * DAY, **contract(seats=2))
    subscription = Subscription.objects.get()
    assert (subscription.started_at, subscription.traits) == (NOW - 2 * DAY, {"seats": 1})


def test_touch_mode_of_the_account_holds_for_the_contracts_named_along() -> None:
    account = group(touch_mode="tech", on_path=True, **contract())
    assert account.traits["touch_mode"] == "tech"
    assert Subscription.objects.get().traits == {"touch_mode": "tech", "on_path": True}


def test_a_product_nobody_described_yet_is_created() -> None:
    group(**contract())
    assert Product.objects.get().name == "app"


def test_everybody_can_be_subscribed_to_a_product_that_comes_later() -> None:
    group("acme", at=NOW - DAY), group("beta", at=NOW - 2 * DAY)
    product = Product.objects.create(key="aaa", name="AAA", subscribe="every_account")
    assert people.subscribe_everybody(product, NOW) == 2
    assert people.subscribe_everybody(product, NOW) == 0
    starts = Subscription.objects.order_by("started_at").values_list("started_at", flat=True)
    assert list(starts) == [NOW - 2 * DAY, NOW - DAY]


def test_one_account_can_be_subscribed_by_the_house() -> None:
    product = Product.objects.create(key="app", name="App", subscribe={"trait": {}})
    account = group(at=NOW - 5 * DAY)
    by_rule = people.subscribe(account=account, product=product, received_at=NOW)
    assert by_rule.started_at == NOW - 5 * DAY
    day = date(2026, 4, 1)
    given = people.subscribe(account=account, product=product, started_on=day, received_at=NOW)
    assert (given, given.traits) == (by_rule, {"started_on": "2026-04-01"})


def test_traits_can_be_set_on_all_kinds_of_nouns_at_once() -> None:
    contact = identify(at=NOW - DAY)
    group(**contract())
    subscription = Subscription.objects.get()
    nouns: list[Any] = [contact, contact.account, subscription]
    said = [(noun, {"x": 1}, NOW) for noun in nouns]
    people.set_traits(said, received_at=NOW)
    assert TraitChange.objects.filter(name="x").count() == 3
    assert subscription.traits["x"] == contact.traits["x"] == 1


# --- deliverables -----------------------------------------------------------------------------
def deliver(state: str, at: datetime, **more: Any) -> None:
    facts.record(
        name="deliverable.changed",
        occurred_at=at,
        received_at=NOW,
        account_id=Account.objects.get().pk,
        properties={"deliverable": "plan", "state": state},
        **more,
    )


def test_a_deliverable_is_a_row_and_a_trait_of_the_contract() -> None:
    group(**contract())
    deliver("draft", NOW - 2 * DAY)
    deliver("confirmed", NOW - DAY)
    subscription = Subscription.objects.get()
    row = subscription.deliverables.get()
    assert (row.key, row.state, row.changed_at) == ("plan", "confirmed", NOW - DAY)
    assert subscription.traits["deliverable.plan"] == "confirmed"


def test_a_late_state_of_a_deliverable_is_history() -> None:
    group(**contract())
    deliver("confirmed", NOW - DAY)
    deliver("draft", NOW - 2 * DAY)
    assert Subscription.objects.get().deliverables.get().state == "confirmed"
    assert TraitChange.objects.filter(name="deliverable.plan").count() == 2


def test_a_deliverable_belongs_to_the_product_it_names_else_to_all() -> None:
    group(subscriptions=[{"product": "app"}, {"product": "pay"}])
    deliver("draft", NOW - DAY, product="app")
    assert list(
        Subscription.objects.filter(deliverables__state="draft").values_list("product__key")
    ) == [("app",)]
    deliver("confirmed", NOW)
    assert Subscription.objects.filter(deliverables__state="confirmed").count() == 2


def test_a_contract_that_comes_later_knows_what_was_delivered_before() -> None:
    """I4."""
    group()
    deliver("confirmed", NOW - DAY)
    group(**contract())
    assert Subscription.objects.get().traits["deliverable.plan"] == "confirmed"


# --- staff ------------------------------------------------------------------------------------
def test_staff_are_invited_with_one_role_and_a_verified_address() -> None:
    about = {"last_name": "滝本", "first_name": "航", "title": "CS", "hours": "平日", "phone": "03"}
    people.invite_staff(email="CSM@x.example", role="csm", now=NOW, **about)
    user = people.invite_staff(email="csm@x.example", role="cs_ops", now=NOW, **about)
    assert list(user.groups.values_list("name", flat=True)) == ["cs_ops"]
    assert (user.is_staff, user.get_full_name(), user.phone) == (True, "滝本 航", "03")
    assert EmailAddress.objects.get().verified


def test_staff_have_no_other_roles() -> None:
    with pytest.raises(ValueError, match="chief"):
        people.invite_staff(email="x@x.example", role="chief", now=NOW)
