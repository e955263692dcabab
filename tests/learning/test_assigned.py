"""A course that a journey assigns is on the home page and on its own page, with its day (R26)."""

from __future__ import annotations

import pytest

from journeys import engine
from journeys.publishing import PublishRefused
from learning import assigned
from learning.models import CoursePage
from tests.authoring import journey
from tests.cast import CONTRACT_DAY, at, happened
from tests.learning.world import NOW, course, doors_at, guest, lesson, read

pytestmark = pytest.mark.django_db

STEPS = ({"id": "a", "assign": "basics", "due": "3bd"}, {"id": "rest", "wait": "30d"})


def text(contact, path: str = "/", moment=NOW) -> str:
    with doors_at(moment):
        return guest(contact).get(path).content.decode()


def test_an_assigned_course_is_on_the_home_page_with_its_day(anna, bert):
    course("basics")
    journey(*STEPS, entry={"event": "asked.for.it"})
    happened(anna, "asked.for.it", CONTRACT_DAY)
    engine.tick(NOW)

    words = text(anna)
    assert "受講してほしいコース" in words
    assert "5月14日（木）まで" in words
    assert "受講してほしいコース" not in text(bert)


def test_its_own_page_shows_the_day_it_was_asked_for(anna):
    course("basics")
    journey(*STEPS)
    engine.tick(NOW)

    words = text(anna, CoursePage.objects.get(slug="basics").get_url())
    assert "5月14日（木）まで" in words


def test_a_finished_course_is_no_longer_asked_for(anna):
    course("basics", 1)
    journey(*STEPS)
    engine.tick(NOW)
    read(anna, lesson("basics-1"), at("2026-05-11T11:00"))

    assert "受講してほしいコース" not in text(anna, moment=at("2026-05-11T11:01"))


def test_a_course_nobody_has_is_refused_with_its_step_once_there_are_courses(anna):
    journey(*STEPS, key="before")  # the texts of a bundle may come before its content
    course("other")

    with pytest.raises(PublishRefused) as refused:
        journey(*STEPS)

    assert [(p.path, p.missing) for p in refused.value.problems] == [("steps[0].assign", "basics")]
    assert assigned.known_courses({"basics"}) == {"other"}
