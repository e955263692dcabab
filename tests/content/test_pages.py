"""Articles as they are read: open to their audience, absent for everybody else (R60, R61)."""

from __future__ import annotations

import pytest
from django.test import Client

from content.models import ArticlePage
from journeys import engine
from tests.cast import customer, open_vendor
from tests.learning.world import NOW, article, doors_at, guest, signed_in, staff

pytestmark = pytest.mark.django_db


def titles(response) -> list[str]:
    context = response.context
    return [page.title for page in [*context["useful"], *context["articles"]]]


def test_an_article_answers_its_question_to_anybody():
    article("e-102", summary="つなぎ直すと直ります", roles=["admin"])

    page = Client().get("/articles/e-102/")

    assert page.status_code == 200
    assert "e-102ですか</h1>" in page.content.decode()
    assert 'content="つなぎ直すと直ります"' in page.content.decode()


@pytest.mark.parametrize(
    ("audience", "answers"),
    [("public", (200, 200, 200)), ("customer", (404, 200, 200)), ("internal", (404, 404, 200))],
)
def test_who_may_not_read_an_article_is_told_that_it_is_not_there(audience, answers):
    """R61: 404 and no mention in the list."""
    open_vendor()
    anna = customer("anna")
    article("secret", audience=audience)

    with doors_at():
        browsers = [Client(), guest(anna), staff()]
        pages = [browser.get("/articles/secret/").status_code for browser in browsers]
        lists = [titles(browser.get("/articles/")) for browser in browsers]

    assert tuple(pages) == answers
    assert lists == [["secret"] if answer == 200 else [] for answer in answers]


def test_a_draft_and_an_unpublished_article_are_not_there():
    article("old")
    ArticlePage.objects.get(slug="old").unpublish()

    assert Client().get("/articles/old/").status_code == 404
    assert titles(Client().get("/articles/")) == []


def test_articles_for_the_readers_stage_come_first():
    open_vendor()
    anna = customer("anna")
    article("later", stages=["done"])
    article("now", stages=["begin"])

    engine.tick(NOW)

    with doors_at():
        page = signed_in(anna).get("/articles/")

    assert [page.title for page in page.context["useful"]] == ["now"]
    assert [page.title for page in page.context["articles"]] == ["later"]


@pytest.mark.parametrize("count", [1, 3, 30])
def test_a_list_of_articles_costs_the_same_however_many_there_are(count, django_assert_num_queries):
    for number in range(count):
        article(f"a{number}")
    Client().get("/articles/")  # warms what is asked once a process

    with django_assert_num_queries(8):
        Client().get("/articles/")


def test_the_public_is_not_followed_and_customers_are():
    open_vendor()
    anna = customer("anna")
    article("one")

    with doors_at():
        assert "data-ticket" not in Client().get("/articles/one/").content.decode()
        assert "data-ticket" in guest(anna).get("/articles/one/").content.decode()
