"""Courses and lessons as a reader meets them (R57–R59, R61, R66)."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from journeys import engine
from learning.models import LessonPage, Progress, ViewSession
from tests.learning.world import NOW, course, doors_at, guest, lesson, lesson_document, read, staff

pytestmark = pytest.mark.django_db
FIRST = "/courses/basics/basics-1/"


def get(client: Client, path: str):
    with doors_at():
        return client.get(path)


def test_a_lesson_says_what_is_left_and_that_it_is_recorded_by_itself(anna):
    course()

    words = get(guest(anna), FIRST).content.decode()

    assert "8秒と3段落" in words
    assert "自動で記録します" in words
    assert "完了にする" not in words


def test_opening_a_lesson_changes_nothing(anna):
    """A scanner's or a colleague's GET is not reading."""
    course()
    get(guest(anna), FIRST)

    assert (ViewSession.objects.count(), Progress.objects.count()) == (0, 0)


def test_a_read_lesson_is_ticked_and_counted_in_its_course(anna):
    course(lessons=3)
    read(anna, lesson("basics-1"))

    page = get(guest(anna), FIRST)

    state = page.context["state"]
    assert (state.done, state.total, state.percent) == (1, 3, 33)
    assert "このレッスンは修了です" in page.content.decode()
    assert "5月11日 10:00 に修了しました" in page.content.decode()


def test_a_lesson_ends_with_one_next_action_that_leads_where_it_says(anna):
    """R59."""
    course()

    words = get(guest(anna), FIRST).content.decode()

    assert words.count('class="j-sign"') == 1
    assert 'href="/goal/"' in words
    assert "目標を決める</h2>" in words
    assert "いま進める（約2分）" in words


def test_the_stages_deadline_stands_where_the_course_helps_in_the_stage(anna):
    engine.tick(NOW)
    course(stages=["begin"])
    course("later", stages=["done"])

    assert "5月18日（月）まで" in get(guest(anna), FIRST).content.decode()
    assert "5月18日（月）まで" not in get(guest(anna), "/courses/later/later-1/").content.decode()


@pytest.mark.parametrize("path", ["/courses/basics/", FIRST])
def test_a_course_for_other_roles_is_not_there(anna, path):
    """R61: Anna is an administrator."""
    course(roles=["approver"])

    assert get(guest(anna), path).status_code == 404
    assert get(Client(), path).status_code == 404
    assert get(staff(), path).status_code == 200


@pytest.mark.parametrize("path", ["/courses/basics/", FIRST])
def test_a_course_of_another_product_is_not_there(anna, path):
    course(products=["other"])

    assert get(guest(anna), path).status_code == 404


def test_a_lesson_of_an_unpublished_course_is_not_there(anna):
    page = course()
    page.unpublish()

    assert get(guest(anna), FIRST).status_code == 404


def test_the_list_shows_the_stages_courses_first_and_only_those_one_may_take(anna):
    engine.tick(NOW)
    course("later", stages=["done"], position=1)
    course("now", stages=["begin"], position=2)
    course("theirs", roles=["approver"])

    page = get(guest(anna), "/courses/")

    assert [state.course.slug for state in page.context["useful"]] == ["now"]
    assert [state.course.slug for state in page.context["states"]] == ["later"]


def test_the_public_is_told_how_to_come_to_the_courses(db):
    course()

    words = get(Client(), "/courses/").content.decode()

    assert "コースはお客様に向けたものです" in words
    assert "basics" not in words


def test_a_course_leads_to_the_first_lesson_that_is_not_done(anna):
    course(lessons=3)
    read(anna, lesson("basics-1"))

    page = get(guest(anna), "/courses/basics/")

    assert page.context["state"].next_lesson.slug == "basics-2"
    assert "続きへ（残り 6分）" in page.content.decode()


def test_progress_is_seen_by_its_owner_only(anna, bert):
    course()
    read(anna, lesson("basics-1"))

    assert get(guest(bert), "/courses/basics/").context["state"].done == 0


@pytest.mark.parametrize("lessons", [1, 3, 30])
@pytest.mark.parametrize(
    ("path", "most"), [(FIRST, 20), ("/courses/basics/", 19), ("/courses/", 14)]
)
def test_pages_cost_the_same_in_a_course_of_any_length(anna, lessons, path, most):
    engine.tick(NOW)
    course(lessons=lessons)
    browser = guest(anna)
    get(browser, path)

    with CaptureQueriesContext(connection) as queries:
        get(browser, path)

    assert len(queries) == most


def test_a_lesson_of_more_than_five_minutes_has_to_say_why(db):
    """R58."""
    with pytest.raises(ValidationError, match="5分を超える"):
        course(lessons=[lesson_document("basics-1", minutes=6)])

    course(lessons=[lesson_document("basics-1", minutes=6, why_long="10問の確認があるため")])
    assert lesson("basics-1").minutes == 6


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("done_by", {"name": "x"}),
        ("done_by", []),
        ("done_by", {"event": ""}),
        ("next_action_to", ""),
    ],
)
def test_a_lesson_that_cannot_end_is_refused(db, field, value):
    course(lessons=1)
    page = LessonPage.objects.get()
    setattr(page, field, value)

    with pytest.raises(ValidationError) as refused:
        page.full_clean()
    assert set(refused.value.message_dict) <= {"done_by", "next_action_label"}
