"""The end of a lesson and of a course: rows and facts together, once (contracts 1.14, R65)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import engine, facts
from journeys.models import Contact, Event
from learning import progress
from learning.models import Completion, CoursePage, LessonPage, Progress
from learning.progress import Finish
from tests import cast
from tests.learning.world import NOW, course, lesson, lesson_document, read

pytestmark = pytest.mark.django_db


def said(contact) -> list[tuple[str, dict[str, object]]]:
    names = ("lesson.completed", "course.progressed", "course.completed")
    rows = Event.objects.filter(contact=contact, name__in=names).order_by("pk")
    return list(rows.values_list("name", "properties"))


def test_a_completed_lesson_is_a_row_a_proof_and_two_facts(anna):
    course(lessons=3)

    assert progress.complete(
        contact=anna, lesson_page=lesson("basics-1"), now=NOW, source="reading", evidence={"ms": 9}
    )

    row, proof = Progress.objects.get(), Completion.objects.get()
    assert (row.state, row.percent, row.completed_at, row.source) == (
        "completed",
        100,
        NOW,
        "reading",
    )
    assert (proof.kind, proof.completed_at, proof.evidence) == ("lesson", NOW, {"ms": 9})
    assert said(anna) == [
        ("lesson.completed", {"lesson": "basics-1", "course": "basics"}),
        ("course.progressed", {"course": "basics", "percent": 33}),
    ]


def test_completing_twice_is_completing_once(anna):
    course()
    page = lesson("basics-1")
    answers = [
        progress.complete(contact=anna, lesson_page=page, now=NOW, source=source)
        for source in ("reading", "product", "reading")
    ]

    assert answers == [True, False, False]
    assert (Completion.objects.count(), Progress.objects.get().source, len(said(anna))) == (
        1,
        "reading",
        2,
    )


def test_the_last_lesson_completes_the_course_once(anna):
    course()
    for slug in ("basics-1", "basics-2", "basics-2"):
        read(anna, lesson(slug))

    assert said(anna)[2:] == [
        ("lesson.completed", {"lesson": "basics-2", "course": "basics"}),
        ("course.progressed", {"course": "basics", "percent": 100}),
        ("course.completed", {"course": "basics"}),
    ]
    assert Completion.objects.filter(kind="course").count() == 1


def test_a_lesson_added_later_takes_no_course_away_and_gives_none_twice(anna):
    course(lessons=1)
    read(anna, lesson("basics-1"))
    course(lessons=2)

    read(anna, lesson("basics-2"), NOW + timedelta(hours=1))

    completed = [name for name, _properties in said(anna) if name == "course.completed"]
    assert completed == ["course.completed"]


def test_a_fact_that_cannot_be_recorded_takes_the_completion_back(anna, monkeypatch):
    """One transaction: neither rows without facts nor facts without rows."""
    course(lessons=1)

    record_all = facts.record_all

    def break_after_the_facts(said, **when):
        assert "course.completed" in {fact.name for fact in said}
        record_all(said, **when)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("learning.progress.completing.facts.record_all", break_after_the_facts)
    with pytest.raises(RuntimeError):
        progress.complete(contact=anna, lesson_page=lesson("basics-1"), now=NOW, source="reading")

    assert (Progress.objects.count(), Completion.objects.count(), said(anna)) == (0, 0, [])


def test_a_course_is_complete_when_its_last_lesson_was_not_when_it_was_noticed(anna):
    course()
    read(anna, lesson("basics-1"))
    done_at = NOW - timedelta(days=2)

    progress.complete(
        contact=anna, lesson_page=lesson("basics-2"), now=NOW, source="product", at=done_at
    )

    row = Completion.objects.get(kind="course")
    assert row.completed_at == NOW  # the other lesson was read later
    assert Event.objects.get(name="course.completed").occurred_at == NOW


def test_a_completed_course_lets_the_stage_go_at_the_next_tick(anna, tmp_path):
    """R65: completions feed criteria."""
    small = (cast.DATA / "small.yaml").read_text()
    file = tmp_path / "vendor.yaml"
    file.write_text(
        small.replace(
            "label: 目標を決める, when: {event: {name: goal.set}}",
            "label: 読む, when: {event: {name: course.completed, where: {course: basics}}}",
        )
    )
    cast.open_vendor(file=str(file))
    course(lessons=1)
    clara = cast.customer("clara")
    engine.tick(NOW)
    read(clara, lesson("basics-1"), NOW + timedelta(minutes=9))

    engine.tick(NOW + timedelta(minutes=10))

    stage = cast.contract(clara).stage
    assert stage is not None
    assert stage.key == "settle"


def test_one_persons_progress_is_nobody_elses(anna, bert):
    course(lessons=1)
    read(anna, lesson("basics-1"))

    assert said(bert) == []
    assert Progress.objects.filter(contact=bert).count() == 0


@pytest.mark.parametrize("lessons", [3, 30])
def test_completing_costs_the_same_in_a_course_of_any_length(anna, lessons):
    course(lessons=lessons)
    page = LessonPage.objects.get(slug="basics-1")

    with CaptureQueriesContext(connection) as queries:
        progress.complete(contact=anna, lesson_page=page, now=NOW, source="reading")

    assert len(queries) == 16


@pytest.mark.parametrize("readers", [1, 3, 300])
def test_many_completions_cost_as_many_statements_as_one(anna, readers):
    """Sets, not loops: the facts too."""
    course(lessons=1)
    person = anna.person_id
    Contact.objects.bulk_create(
        Contact(user_id=f"c{n}", account=anna.account, person_id=person) for n in range(readers)
    )
    people = Contact.objects.filter(user_id__startswith="c").select_related("account")
    page = lesson("basics-1")
    finishes = [Finish(one, page, NOW) for one in people]
    page.course  # noqa: B018 -- read before counting

    with CaptureQueriesContext(connection) as queries:
        progress.complete_all(finishes, now=NOW, source="product")

    assert len(queries) == 16
    assert Completion.objects.filter(kind="course").count() == readers
    assert Event.objects.filter(name="course.completed").count() == readers


def test_a_lesson_that_is_unpublished_no_longer_stands_in_the_way(anna):
    course(lessons=2)
    lesson("basics-2").unpublish()

    read(anna, lesson("basics-1"))

    assert said(anna)[-1] == ("course.completed", {"course": "basics"})


def test_progress_is_by_translation_key_so_that_a_moved_lesson_keeps_it(anna):
    course(lessons=1)
    read(anna, lesson("basics-1"))
    course("other", lessons=[lesson_document("other-1")])
    lesson("basics-1").move(CoursePage.objects.get(slug="other"), pos="last-child")

    assert (
        progress.complete(contact=anna, lesson_page=lesson("basics-1"), now=NOW, source="reading")
        is False
    )
