"""Who is there: staff, a customer's person, a guest with a link, or the public (architecture 2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory

from config.visitors import PUBLIC, visitor_of
from journeys import engine
from journeys.models import Address, Contact, Person, User
from tests import cast
from tests.learning.world import NOW, doors_at, guest

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(db: None) -> Contact:
    cast.open_vendor()
    return cast.customer("anna", roles=("admin", "approver"))


def looking(user=None, **session):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    request.session = SessionStore()
    request.session.update(session)
    return request


def visit(contact, hours=72.0, **more):
    until = (NOW + timedelta(hours=hours)).isoformat()
    return {"contact": str(contact.uid), "until": until, "scope": "guest"} | more


def log_in(contact, email="anna@example.jp", *, verified=True) -> User:
    user = User.objects.create_user(email)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def test_nobody_in_particular_is_the_public():
    assert visitor_of(looking(), NOW) == PUBLIC


def test_a_guest_is_the_contact_of_the_link_with_roles_products_and_stages(anna):
    engine.tick(NOW)

    visitor = visitor_of(looking(visit=visit(anna)), NOW)

    assert (visitor.audience, visitor.scope, visitor.contact_id) == ("customer", "guest", anna.pk)
    assert (visitor.account_id, visitor.name, visitor.locale) == (
        anna.account_id,
        "anna 花子",
        "ja",
    )
    assert visitor.roles == {"admin", "approver"}
    assert (set(visitor.products), set(visitor.stages)) == ({"app"}, {"begin"})


@pytest.mark.parametrize(("hours", "scope"), [(0.01, "guest"), (0, ""), (-1, "")])
def test_a_visit_ends_at_its_moment(anna, hours, scope):
    assert visitor_of(looking(visit=visit(anna, hours)), NOW).scope == scope


@pytest.mark.parametrize(
    "bad", ["x", {}, {"until": "2099-01-01T00:00:00"}, {"until": "2099-01-01T00:00:00+09:00"}, []]
)
def test_a_visit_that_makes_no_sense_is_none(db, bad):
    assert visitor_of(looking(visit=bad), NOW) == PUBLIC


def test_a_contact_who_left_visits_no_longer(anna):
    Contact.objects.update(is_current=False)

    assert visitor_of(looking(visit=visit(anna)), NOW) == PUBLIC


def test_staff_are_internal_also_with_a_guests_session(anna):
    user = User.objects.create_user("ops@vendor.example", is_staff=True)

    visitor = visitor_of(looking(user, visit=visit(anna)), NOW)

    assert (visitor.audience, visitor.contact_id, visitor.scope) == ("internal", None, "full")


def test_a_signed_in_person_has_the_full_scope(anna):
    user = log_in(anna, "somebody@login.example")
    Person.objects.filter(pk=anna.person_id).update(user=user)

    visitor = visitor_of(looking(user), NOW)

    assert (visitor.contact_id, visitor.scope, visitor.until) == (anna.pk, "full", None)


@pytest.mark.parametrize(("verified", "contact"), [(True, True), (False, False)])
def test_an_address_counts_only_when_it_is_proven(anna, verified, contact):
    user = log_in(anna, verified=verified)

    visitor = visitor_of(looking(user), NOW)

    assert (visitor.contact_id is not None, visitor.is_signed_in) == (contact, True)


def test_an_address_that_was_given_up_opens_nothing(anna):
    Address.objects.update(to_at=NOW)

    assert visitor_of(looking(log_in(anna)), NOW).contact_id is None


def test_who_is_active_in_two_accounts_chooses_one_and_sees_no_other(anna):
    cast.say(
        NOW,
        {"type": "group", "groupId": "second", "userId": "anna-2", "traits": {"name": "第二"}},
        {
            "type": "identify", "userId": "anna-2", "context": {"groupId": "second"},
            "traits": {"email": "anna@example.jp"},
        },
    )  # fmt: skip
    second = Contact.objects.get(user_id="anna-2")
    user = log_in(anna)

    first = visitor_of(looking(user), NOW)
    chosen = visitor_of(looking(user, contact=str(second.uid)), NOW)

    assert (first.account_id, first.is_shared) == (anna.account_id, True)
    assert (chosen.account_id, chosen.account_name) == (second.account_id, "第二")


def test_somebody_elses_contact_cannot_be_chosen(anna):
    bert = cast.customer("bert")

    visitor = visitor_of(looking(log_in(anna), contact=str(bert.uid)), NOW)

    assert visitor.contact_id == anna.pk


def test_roles_are_those_held_now(anna):
    cast.say(
        NOW,
        {
            "type": "identify", "userId": "anna-1", "context": {"groupId": "anna"},
            "traits": {"roles": ["promoter"]},
        },
    )  # fmt: skip

    later = NOW + timedelta(minutes=1)
    assert visitor_of(looking(visit=visit(anna)), later).roles == {"promoter"}


def test_an_ended_contract_gives_no_product(anna):
    anna.account.subscriptions.update(ended_at=NOW)

    assert visitor_of(looking(visit=visit(anna)), NOW).products == frozenset()


def test_pages_speak_the_persons_language_the_chosen_one_first(anna):
    Person.objects.update(locale="en")
    browser = guest(anna)

    with doors_at():
        assert 'lang="en"' in browser.get("/").content.decode()
        browser.cookies["django_language"] = "ja"
        assert 'lang="ja"' in browser.get("/").content.decode()


def test_the_public_reads_the_sites_own_language_whatever_the_browser_wishes(db):
    page = Client(headers={"accept-language": "en"}).get("/").content.decode()

    assert 'lang="ja"' in page


def test_nobody_is_asked_who_they_are_where_machines_knock(django_assert_num_queries, anna):
    browser = guest(anna)
    with doors_at(), django_assert_num_queries(0):
        browser.get("/v1/progress")
