"""The frame around every page: language, errors, and whom one is (design 7)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from journeys.models import Contact, User
from tests import cast
from tests.learning.world import NOW, doors_at, guest, signed_in, staff

pytestmark = pytest.mark.django_db
TEMPLATES = [
    path
    for room in ("config/templates", "content/templates/content", "learning/templates/learning")
    for path in sorted((Path(settings.BASE_DIR) / room).rglob("*.html"))
]


@pytest.fixture
def anna() -> Contact:
    cast.open_vendor()
    return cast.customer("anna")


def doors(client: Client) -> list[str]:
    with doors_at():
        page = client.get("/")
    return [door.label for door in page.context["frame"].doors]


def test_the_menu_has_what_its_reader_may_open(anna):
    assert doors(Client()) == ["ホーム", "記事"]
    assert doors(guest(anna)) == ["ホーム", "道のり", "コース", "記事", "相談する"]
    assert doors(staff()) == ["ホーム", "コース", "記事"]


def test_preferences_are_linked_for_who_signed_in_and_not_for_a_guest(anna):
    with doors_at():
        visiting, full = guest(anna).get("/"), signed_in(anna).get("/")

    assert visiting.context["frame"].preferences == ""
    assert "/m/p/" in full.context["frame"].preferences


def test_the_language_is_chosen_by_post_and_kept(anna):
    browser = guest(anna)
    with doors_at():
        answer = browser.post("/language/", {"language": "en", "next": "/roadmap/"})
        page = browser.get("/roadmap/").content.decode()

    assert (answer.status_code, answer["Location"]) == (302, "/roadmap/")
    assert '<html lang="en">' in page
    assert "Mon 11 May 2026" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("500.html", "こちらの側で問題が起きました"),
        ("403_csrf.html", "画面を開いてから時間がたっています"),
    ],
)
def test_what_is_shown_when_all_else_fails_needs_nothing_else(name, words):
    with translation.override("ja"):
        assert words in render_to_string(name)


def test_a_page_that_is_not_here_says_so_within_the_site(anna):
    with doors_at():
        page = guest(anna).get("/nowhere/")

    assert page.status_code == 404
    assert "このページは見つかりません" in page.content.decode()
    assert "anna 花子" in page.content.decode()


def test_who_has_two_companies_says_which_one_and_cannot_say_a_third(anna):
    bert = cast.customer("bert")
    cast.say(NOW, {
        "type": "identify", "userId": "anna-2", "context": {"groupId": "bert"},
        "traits": {"email": "anna@example.jp", "name": "アンナ"},
    })  # fmt: skip
    second = Contact.objects.get(user_id="anna-2")
    user = User.objects.create_user("anna@example.jp")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client: Any = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    with doors_at():
        assert client.post("/accounts/who/", {"contact": str(bert.uid)}).status_code == 404
        assert client.post("/accounts/who/", {"contact": str(second.uid)}).url == "/"
        assert client.get("/").context["visitor"].contact_id == second.pk


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_a_hole_in_the_content_security_policy(path):
    """No inline script, no event attribute, no style attribute, nothing from elsewhere."""
    text = path.read_text(encoding="utf-8")

    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text) == []
    assert re.findall(r"\son[a-z]+=|\sstyle=", text) == []
    assert re.findall(r"(?:src|href)=[\"'](?:https?:)?//", text) == []
