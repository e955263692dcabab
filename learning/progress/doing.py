"""Doing beats watching: a product fact completes the lesson that teaches it (R64)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from content.visibility import INTERNAL
from journeys import conditions
from journeys.calendars import days_at
from journeys.conditions import CONTACT, Ask
from journeys.models import Contact, Subscription
from learning.models import Completion, HowCompleted, LessonPage, with_courses
from learning.models.lessons import is_fact
from learning.progress.completing import Finish, complete_all

AT_ONCE = 1000
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def settle_by_product_facts(now: datetime) -> int:
    """Complete the lessons whose fact has arrived by `now`; how many were new.

    A fact counts for the person who did it, from when they did it: it may have come before the
    lesson was ever opened. One SELECT for each distinct fact, however many people it finds. A fact
    that names no person completes nobody's lesson.
    """
    ask = Ask(now=now, days=days_at(now))
    return sum(
        _settle(lesson, tree, ask) for tree, lessons in _facts_that_complete() for lesson in lessons
    )


def _facts_that_complete() -> Iterator[tuple[Any, list[LessonPage]]]:
    """Each distinct fact as a condition, with the lessons it completes."""
    rows = LessonPage.objects.live().filter(done_by__isnull=False).exclude(audience=INTERNAL)
    by_hash: dict[str, tuple[Any, list[LessonPage]]] = {}
    for lesson in with_courses(rows.defer_streamfields().order_by("path")):
        done_by: Any = lesson.done_by
        if not is_fact(done_by):
            continue
        fact = {"name": done_by["event"], "where": done_by.get("where") or {}}
        fact = {key: value for key, value in fact.items() if value} | {"by": "self"}
        tree = conditions.parse({"event": fact}, subject="contact")
        by_hash.setdefault(conditions.hash_of(tree), (tree, []))[1].append(lesson)
    yield from by_hash.values()


def _who_did(lesson: LessonPage, tree: Any, ask: Ask) -> list[int]:
    """The people whose fact is here and whose lesson is not finished yet."""

    def build(ask: Ask, _ids: Sequence[int]) -> QuerySet[Contact, Any]:
        done = Completion.objects.filter(
            contact=OuterRef("pk"), kind=Completion.Kind.LESSON, page_key=lesson.translation_key
        )
        living = Subscription.objects.filter(account=OuterRef("account"), ended_at=None)
        people = Contact.objects.filter(~Exists(done), Exists(living), is_current=True)
        people = people.filter(conditions.compile(tree, True, ask, CONTACT))
        return people.order_by("pk").values_list("pk")[:AT_ONCE]

    key = ("who did", lesson.translation_key, conditions.hash_of(tree))
    return [pk for (pk,) in conditions.asked(key, build, ask)]


def _settle(lesson: LessonPage, tree: Any, ask: Ask) -> int:
    ids = _who_did(lesson, tree, ask)
    if not ids:
        return 0
    found = list(Contact.objects.filter(pk__in=ids).order_by("pk"))
    floor = dict.fromkeys(ids, LONG_AGO)
    since = conditions.since(tree, ids, ask, CONTACT, floor=floor)
    finishes = [
        Finish(contact, lesson, since.get(contact.pk, ask.now), {"fact": lesson.done_by})
        for contact in found
    ]
    return complete_all(finishes, now=ask.now, source=HowCompleted.PRODUCT)
