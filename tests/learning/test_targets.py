"""Where targets lead, and for whom the page behind one is there (R50, R61)."""

from __future__ import annotations

import pytest

from journeys.messages import targets as house
from learning import targets
from tests import cast
from tests.learning.world import article, course, lesson

pytestmark = pytest.mark.django_db

ADMIN = targets.Addressee(roles=frozenset({"admin"}), products=frozenset({"app"}))


@pytest.fixture
def site(settings):
    settings.PRODUCT_URL = "https://app.example.jp"
    course("basics", lessons=1)
    course("theirs", lessons=1, roles=["approver"])
    article("e-102")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("home", "/"),
        ("goal", "/goal/"),
        ("roadmap", "/roadmap/"),
        ("course:basics", "/courses/basics/"),
        ("lesson:basics-1", "/courses/basics/basics-1/"),
        ("article:e-102", "/articles/e-102/"),
        ("product:/approval-route", "https://app.example.jp/approval-route"),
        ("lesson:gone", "/"),
    ],
)
def test_the_house_resolves_every_kind_of_target(site, target, url):
    assert house.resolve(target) == url


def test_a_readers_links_leave_out_what_is_not_theirs(site):
    wanted = ["goal", "lesson:basics-1", "lesson:theirs-1", "course:theirs", "lesson:gone", ""]

    assert targets.urls(wanted, ADMIN) == {
        "goal": "/goal/",
        "lesson:basics-1": "/courses/basics/basics-1/",
    }


def test_many_targets_cost_one_query_a_kind_and_one_for_the_lessons_courses(
    site, django_assert_num_queries
):
    targets.urls(["lesson:basics-1"], ADMIN)

    with django_assert_num_queries(4):
        targets.urls(
            ["lesson:basics-1", "lesson:theirs-1", "course:basics", "article:e-102"], ADMIN
        )


def test_without_a_product_address_there_is_no_product_link(site, settings):
    settings.PRODUCT_URL = ""

    assert targets.urls(["product:/x"], ADMIN) == {}


def test_a_letters_page_is_hidden_from_contacts_it_is_not_for(anna, site):
    """PAGE_GONE at the fence."""
    carl = cast.customer("carl", roles=("approver",))
    ids = [anna.pk, carl.pk]

    assert house.hidden("lesson:theirs-1", ids) == {anna.pk}
    assert house.hidden("article:e-102", ids) == set()
    lesson("theirs-1").unpublish()
    assert house.hidden("lesson:theirs-1", ids) == set(ids)
