"""Pages from documents: the same page however often it is loaded."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from wagtail.models import Page, Site

from content.loading import BadDocument, body_of, home_page, load_articles, load_site, rich
from content.models import ArticlePage, HomePage
from journeys.models import User
from tests.learning.world import NOW, article, course, lesson, lesson_document

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "slug": "e-102",
    "title": "E-102",
    "question": "E-102 とは何ですか",
    "audience": "public",
    "roles": ["admin"],
    "next_action": {"label": "つなぎ直す", "to": "product:/link"},
    "blocks": [
        {"type": "text", "text": "1つ目\n\n2つ目"},
        {"type": "checklist", "items": ["a", "b"]},
        {"type": "callout", "tone": "warn", "title": "注意", "text": "消さない"},
    ],
}


def test_loading_a_document_twice_makes_one_page_and_changes_nothing():
    first = load_articles([DOCUMENT], now=NOW)
    revision = ArticlePage.objects.get().live_revision_id
    second = load_articles([DOCUMENT], now=NOW)

    assert (first.created, second.created, second.updated, second.unchanged) == (1, 0, 0, 1)
    assert ArticlePage.objects.get().live_revision_id == revision


def test_a_changed_document_changes_the_page_and_keeps_the_blocks_ids():
    load_articles([DOCUMENT], now=NOW)
    before = [str(block.id) for block in ArticlePage.objects.get().body]

    loaded = load_articles([DOCUMENT | {"title": "新しい題名"}], now=NOW)

    page = ArticlePage.objects.get()
    assert (loaded.updated, page.title) == (1, "新しい題名")
    assert [str(block.id) for block in page.body] == before


def test_a_page_was_published_when_the_doors_say():
    article("one")

    page = ArticlePage.objects.get()
    assert (page.live, page.first_published_at, page.last_published_at) == (True, NOW, NOW)


def test_the_first_page_makes_the_site_and_sends_wagtails_greeting_away():
    home = home_page(NOW)

    assert home_page(NOW) == home
    assert Site.objects.get().root_page.specific == home
    assert list(Page.objects.filter(depth=2)) == [home.page_ptr]


def test_the_site_is_named_and_says_whose_it_is():
    load_site({"site_name": "学習", "vendor_name": "株式会社A", "goal_unit": "日"}, now=NOW)

    home = HomePage.objects.get()
    assert (Site.objects.get().site_name, home.vendor_name, home.goal_unit) == (
        "学習",
        "株式会社A",
        "日",
    )


def test_whoever_may_enter_the_editors_rooms_may_write_there():
    writers = Group.objects.create(name="writers")
    writers.permissions.add(Permission.objects.get(codename="access_admin"))
    editor = User.objects.create_user("editor@vendor.example", is_staff=True)
    editor.groups.add(writers)
    home = load_site({"site_name": "学習"}, now=NOW)
    article("one")

    page = ArticlePage.objects.get()
    rights = (home.permissions_for_user(editor), page.permissions_for_user(editor))
    assert [(one.can_edit(), one.can_publish(), one.can_add_subpage()) for one in rights] == [
        (True, True, True),
        (True, True, False),
    ]


def test_a_site_has_no_fields_of_its_own_invention():
    with pytest.raises(BadDocument, match="colour"):
        load_site({"colour": "red"}, now=NOW)


def test_an_unknown_block_is_refused_with_its_place():
    with pytest.raises(BadDocument, match=r"article/x/1.*video"):
        body_of([{"type": "heading", "text": "h"}, {"type": "video"}], "article/x")


def test_text_is_text_and_only_two_stars_make_it_strong():
    assert rich("a < b **c** <i>\n\nd") == "<p>a &lt; b <b>c</b> &lt;i&gt;</p><p>d</p>"


def test_a_lesson_is_for_whom_its_course_is_unless_it_says_otherwise():
    course(roles=["admin"], lessons=1)
    assert (lesson("basics-1").roles, lesson("basics-1").audience) == (["admin"], "customer")


def test_lessons_follow_the_documents_order_also_when_it_changes():
    one = course(lessons=3)

    course(lessons=[lesson_document(f"basics-{n}") for n in (3, 1, 2)])

    assert [page.slug for page in one.get_children()] == ["basics-3", "basics-1", "basics-2"]


def test_a_lesson_that_ends_by_something_else_than_a_fact_is_refused():
    with pytest.raises(BadDocument, match="done_by"):
        course(lessons=[lesson_document("x", done_by={"name": "goal.set"})])
