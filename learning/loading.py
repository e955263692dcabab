"""Courses and their lessons from plain documents; loading twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from content.loading import BadDocument, Loaded, body_of, guidance, index_page, put
from learning.models import CourseIndexPage, CoursePage, LessonPage
from learning.models.lessons import is_fact


@transaction.atomic
def load_courses(courses: Iterable[Mapping[str, Any]], *, now: datetime) -> Loaded:
    """Make or update the courses of several documents; all or none."""
    loaded = Loaded()
    for course in courses:
        load_course(course, now=now, loaded=loaded)
    return loaded


@transaction.atomic
def load_course(
    document: Mapping[str, Any], *, now: datetime, loaded: Loaded | None = None
) -> Loaded:
    """One CoursePage (slug, title, summary, roles, products, stages, audience, position) and its
    lessons (slug, title, minutes, summary, finish {read}, done_by {event, where}, next_action,
    blocks), in the document's order. A lesson is for whom its course is, unless it says otherwise.
    """
    loaded = loaded if loaded is not None else Loaded()
    index = index_page(CourseIndexPage, "courses", _("Courses"), now)
    values = guidance(document) | {
        "title": document["title"],
        "summary": document.get("summary", ""),
        "position": document.get("position", 0),
    }
    course = put(index, CoursePage, document["slug"], values, now, loaded)
    lessons = [_lesson(course, lesson, now, loaded) for lesson in document.get("lessons", ())]
    _in_order(course, [lesson.pk for lesson in lessons])
    return loaded


def _lesson(course: CoursePage, document: Mapping[str, Any], now: datetime, loaded: Loaded) -> Any:
    key = f"lesson/{course.slug}/{document['slug']}"
    done_by = document.get("done_by")
    if done_by is not None and not is_fact(done_by):
        raise BadDocument(f"{key}: done_by needs an event, and perhaps where; nothing else.")
    summary = document.get("summary", "")
    values = guidance(document, inherited=course) | {
        "title": document["title"],
        "summary": summary if isinstance(summary, str) else "\n".join(summary),
        "minutes": document.get("minutes", 3),
        "why_long": document.get("why_long", ""),
        "ends_by_reading": bool(document.get("finish", {}).get("read", True)),
        "done_by": done_by,
        "body": body_of(document.get("blocks", ()), key),
    }
    return put(course, LessonPage, document["slug"], values, now, loaded)


def _in_order(course: CoursePage, wanted: list[int]) -> None:
    """Bring the lessons into the document's order; nothing is written where they are in it."""
    course.refresh_from_db()
    there = [pk for pk in course.get_children().values_list("pk", flat=True) if pk in set(wanted)]
    if there == wanted:
        return
    for pk in wanted:
        LessonPage.objects.get(pk=pk).move(CoursePage.objects.get(pk=course.pk), pos="last-child")
