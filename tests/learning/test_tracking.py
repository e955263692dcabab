"""What pages tell of being read: honest, monotone, the same in any order (R63; field 2.2)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core import signing

from content.models import ArticlePage
from journeys.models import Event
from learning import progress
from learning.models import Progress, ViewSession
from tests.learning.world import NOW, article, blocks_of, course, lesson, seen, ticket

pytestmark = pytest.mark.django_db


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def standing(contact) -> tuple[str, int, int, int]:
    row = Progress.objects.get(contact=contact)
    return (row.state, row.active_ms, len(row.blocks), row.percent)


def viewed(name: str) -> list[dict[str, str]]:
    return list(Event.objects.filter(name=name).values_list("properties", flat=True))


def test_opening_a_page_writes_nothing(anna):
    course()
    ticket(lesson("basics-1"), anna)

    assert ViewSession.objects.count() == Progress.objects.count() == 0


def test_state_sent_in_any_order_and_twice_ends_the_same(anna):
    """The bar: 200 duplicated, shuffled batches, the same progress."""
    course()
    page = lesson("basics-1")
    opened = ticket(page, anna)
    states = [seen(n / 10, *blocks_of(page)[: n // 40]) for n in range(100)] * 2
    random.Random(5).shuffle(states)  # noqa: S311 -- an order, not a secret

    for state in states:
        progress.take(ticket=opened, seen=state, now=after(60))

    assert standing(anna) == ("started", 9900, 2, 83)  # all the time, two of three blocks
    assert ViewSession.objects.get().active_ms == 9900
    assert Event.objects.filter(name="lesson.viewed").count() == 1


def test_nobody_reads_faster_than_time_passes(anna):
    """The bar: a forged beacon 3 s after opening gives at most those seconds, and is flagged."""
    course()
    page = lesson("basics-1")

    progress.take(ticket=ticket(page, anna), seen=seen(600, *blocks_of(page)), now=after(3))

    session = ViewSession.objects.get()
    assert (session.active_ms, session.open_ms, session.is_capped) == (5000, 5000, True)
    assert standing(anna)[0] == "started"


def test_two_tabs_at_once_are_not_twice_the_time(anna):
    course()
    page = lesson("basics-1")
    for opened in (ticket(page, anna), ticket(page, anna)):
        progress.take(ticket=opened, seen=seen(6), now=after(6))

    assert standing(anna)[1] == 8000  # six seconds, and the slack of two clocks


def test_reading_goes_on_where_it_stopped_on_another_device(anna):
    """R66: attention and blocks of all sessions add up."""
    course()
    page = lesson("basics-1")
    first, *others = blocks_of(page)
    progress.take(ticket=ticket(page, anna), seen=seen(5, first), now=after(5))
    progress.take(ticket=ticket(page, anna, at=after(3600)), seen=seen(5, *others), now=after(3605))

    assert standing(anna) == ("completed", 10000, 3, 100)


def test_a_lesson_left_open_without_being_looked_at_is_not_read(anna):
    course()
    page = lesson("basics-1")
    unseen = progress.Seen(active_ms=0, open_ms=3_000_000, blocks=frozenset(blocks_of(page)))

    progress.take(ticket=ticket(page, anna), seen=unseen, now=after(3600))

    assert standing(anna)[0] == "started"


def test_blocks_that_are_not_in_the_page_do_not_count(anna):
    course()
    page = lesson("basics-1")

    progress.take(ticket=ticket(page, anna), seen=seen(30, "x", "y", "z"), now=after(60))

    assert standing(anna)[2] == 0


def test_a_view_becomes_a_fact_once_and_only_when_it_was_looked_at(anna):
    article("e-102")
    page = ArticlePage.objects.get()
    glance, read = ticket(page, anna, kind="article"), ticket(page, anna, kind="article")

    progress.take(ticket=glance, seen=seen(4), now=after(60))
    assert viewed("article.viewed") == []
    for seconds in (5, 30, 30):
        progress.take(ticket=read, seen=seen(seconds), now=after(60))

    assert viewed("article.viewed") == [{"article": "e-102"}]


def test_a_lesson_viewed_names_its_course(anna):
    course()
    progress.take(ticket=ticket(lesson("basics-2"), anna), seen=seen(6), now=after(6))

    assert viewed("lesson.viewed") == [{"lesson": "basics-2", "course": "basics"}]


def test_what_staff_look_at_is_kept_apart_and_never_counts(anna):
    course()
    page = lesson("basics-1")

    answer = progress.take(
        ticket=ticket(page, None, is_staff=True), seen=seen(60, *blocks_of(page)), now=after(60)
    )

    assert answer is None
    assert ViewSession.objects.get().is_staff is True
    assert (Progress.objects.count(), viewed("lesson.viewed")) == (0, [])


def test_completed_stays_completed_whatever_is_sent_later(anna):
    course()
    page = lesson("basics-1")
    opened = ticket(page, anna)
    progress.take(ticket=opened, seen=seen(30, *blocks_of(page)), now=after(60))
    before = Progress.objects.values().get()

    progress.take(ticket=opened, seen=seen(1), now=after(61))

    after_it = Progress.objects.values().get()
    assert before["state"] == "completed"
    assert {k: v for k, v in before.items() if k != "last_seen_at"} == {
        k: v for k, v in after_it.items() if k != "last_seen_at"
    }


def test_a_lesson_that_is_completed_by_doing_only_is_not_completed_by_reading(anna):
    course(lessons=1)
    page = lesson("basics-1")
    page.ends_by_reading = False
    page.save(update_fields=["ends_by_reading"])

    progress.take(ticket=ticket(page, anna), seen=seen(60, *blocks_of(page)), now=after(60))

    assert standing(anna)[0] == "started"


@pytest.mark.parametrize("text", ["", "x", signing.dumps([1, 2, 3], salt="learning.progress")])
def test_a_ticket_from_elsewhere_is_refused(text):
    with pytest.raises(progress.BadTicket):
        progress.open_ticket(text)


def test_a_ticket_for_a_page_that_is_gone_or_a_contact_that_left_is_refused(anna):
    course()
    page = lesson("basics-1")
    opened = ticket(page, anna)
    type(anna).objects.filter(pk=anna.pk).update(is_current=False)

    with pytest.raises(progress.BadTicket):
        progress.take(ticket=opened, seen=seen(6), now=after(6))
    assert ViewSession.objects.count() == 0
