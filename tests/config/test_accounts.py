"""Signing in: a code to the address, for staff and customers alike; nobody signs up."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from journeys.models import User
from tests import cast
from tests.learning.world import doors_at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    """Attempts are counted in the cache, across tests."""
    cache.clear()


def ask_for_code(client: Client, email: str) -> str:
    """The code that was mailed, or nothing."""
    client.post("/accounts/login/code/", {"email": email})
    found = re.search(r"^\d{6}$", str(mail.outbox[-1].body), re.MULTILINE) if mail.outbox else None
    return found.group() if found else ""


def enter(client: Client, code: str) -> Any:
    return client.post("/accounts/login/code/confirm/", {"code": code})


@pytest.fixture
def anna(db):
    cast.open_vendor()
    return cast.customer("anna")


def test_a_customer_who_never_signed_in_comes_in_with_a_code(anna):
    client = Client()

    code = ask_for_code(client, "Anna@Example.jp")
    answer = enter(client, code)

    assert (answer.status_code, answer.url) == (302, "/")
    with doors_at():
        assert "anna 花子" in client.get("/").content.decode()


def test_the_code_comes_in_a_japanese_letter_that_says_what_it_is(anna):
    code = ask_for_code(Client(), "anna@example.jp")

    letter = mail.outbox[0]
    assert letter.subject == f"サインインのコード：{code}"
    assert "10分間" in letter.body


def test_a_wrong_code_lets_nobody_in(anna):
    client = Client()
    code = ask_for_code(client, "anna@example.jp")
    wrong = "000000" if code != "000000" else "111111"

    assert enter(client, wrong).status_code == 200
    assert "_auth_user_id" not in client.session


def test_an_unknown_address_looks_the_same_and_makes_no_log_in(db):
    client = Client()
    answer: Any = client.post("/accounts/login/code/", {"email": "nobody@example.jp"})

    assert (answer.status_code, answer.url) == (302, "/accounts/login/code/confirm/")
    assert User.objects.count() == 0
    assert not re.search(r"\d{6}", str(mail.outbox[0].body))


def test_a_code_goes_to_the_address_asked_about_and_nowhere_else(anna):
    ask_for_code(Client(), "anna@example.jp")

    assert [letter.to for letter in mail.outbox] == [["anna@example.jp"]]


def test_staff_arrive_in_the_admin(db):
    User.objects.create_user("ops@vendor.example", is_staff=True)
    client = Client()

    answer = enter(client, ask_for_code(client, "ops@vendor.example"))

    assert answer.url == "/admin/"


@pytest.mark.parametrize("door", ["/admin/", "/cms/", "/goal/", "/roadmap/", "/ask/"])
def test_every_closed_door_leads_to_the_one_sign_in(db, door):
    answer = Client().get(door, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    assert 'name="email"' in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["email/", "signup/", "password/reset/", "password/change/", "confirm-email/x/"]
)
def test_addresses_and_passwords_are_not_changed_here(anna, path):
    """Whoever could add an address unproven could read its owner's pages."""
    client = Client()
    client.force_login(User.objects.create_user("eve@example.jp"))

    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", {"email": "anna@example.jp"}).status_code == 404


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_sign_in_page_is_whole_in_both_languages(db, language):
    client = Client()
    client.cookies["django_language"] = language

    page = client.get("/accounts/login/").content.decode()

    assert f'<html lang="{language}">' in page
    assert {"ja": "コードを送る", "en": "Send me a code"}[language] in page
