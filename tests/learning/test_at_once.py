"""Many beacons at the same moment end as one after the other would (field 2.2, 9)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from journeys.models import Event
from learning import progress
from learning.models import Completion, Progress, ViewSession
from tests import cast
from tests.learning.world import NOW, blocks_of, course, lesson, seen, ticket

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LATER = NOW + timedelta(minutes=1)


def together(work: list[Callable[[], object]]) -> None:
    """Do it all at once, each on a connection of its own."""
    barrier = Barrier(len(work))

    def one(piece: Callable[[], object]) -> None:
        barrier.wait()
        try:
            piece()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(one, piece) for piece in work]:
            done.result()


def times(name: str) -> int:
    return Event.objects.filter(name=name).count()


def test_the_same_beacon_many_times_at_once_completes_once(transactional_db):
    cast.open_vendor()
    anna = cast.customer("anna")
    course(lessons=1)
    page = lesson("basics-1")
    opened, state = ticket(page, anna), seen(30, *blocks_of(page))

    together([lambda: progress.take(ticket=opened, seen=state, now=LATER)] * 8)

    assert (ViewSession.objects.count(), Progress.objects.count()) == (1, 1)
    assert Completion.objects.count() == 2  # the lesson and its course
    assert [times(n) for n in ("lesson.viewed", "lesson.completed", "course.completed")] == [
        1,
        1,
        1,
    ]


def test_the_last_two_lessons_at_once_complete_the_course_once(transactional_db):
    cast.open_vendor()
    anna = cast.customer("anna")
    course(lessons=6)
    pages = [lesson(f"basics-{n}") for n in range(1, 7)]

    together([
        lambda page=page: progress.complete(  # type: ignore[misc]
            contact=anna, lesson_page=page, now=LATER, source="reading"
        )
        for page in pages
    ])  # fmt: skip

    assert (times("lesson.completed"), times("course.completed")) == (6, 1)
    percents = Event.objects.filter(name="course.progressed").values_list("properties", flat=True)
    assert sorted(one["percent"] for one in percents) == [16, 33, 50, 66, 83, 100]
