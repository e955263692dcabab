"""Courses a journey has asked a reader to take, and by when (R26)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from content.visibility import Reader
from journeys.calendars import days_at
from journeys.models import Assignment
from learning.models import CoursePage, CourseState, course_states
from learning.wording import Deadline, deadline


@dataclass(frozen=True)
class Assigned:
    """An assigned course that is not finished. `due` None: take your time."""

    state: CourseState
    due: Deadline | None


def assigned_to(contact_id: int, reader: Reader, now: datetime) -> list[Assigned]:
    """What a contact has still to take, the one due first in front.

    Courses that are not open to the reader, or gone, are left out. 1 query without assignments,
    else 4.
    """
    dues = {row.course: row.due_on for row in _newest(contact_id)}
    if not dues:
        return []
    pages = CoursePage.objects.live().filter(slug__in=dues)
    courses = [page for page in pages if page.is_open_to(reader)]
    days = days_at(now)
    found = [
        Assigned(state, deadline(dues[state.course.slug], now, days))
        for state in course_states(courses, reader, contact_id)
        if state.next_lesson is not None
    ]
    return sorted(found, key=lambda one: (one.due is None, one.due.day if one.due else now.date()))


def due_of(course: CoursePage, contact_id: int, now: datetime) -> Deadline | None:
    """By when a contact was asked to take this course; 1 query, with a day 2."""
    row = Assignment.objects.filter(contact=contact_id, course=course.slug).order_by(
        "assigned_at", "pk"
    ).last()  # fmt: skip
    return deadline(row.due_on, now, days_at(now)) if row and row.due_on else None


def _newest(contact_id: int) -> list[Assignment]:
    """In the order in which they were assigned: of a course assigned twice the later day counts."""
    return list(Assignment.objects.filter(contact=contact_id).order_by("assigned_at", "pk"))


def course_choices() -> list[dict[str, str]]:
    """Courses as an author of conditions chooses them: key and title, by title."""
    rows = CoursePage.objects.live().order_by("title", "pk").values_list("slug", "title")
    return [{"key": slug, "name": title} for slug, title in rows]


def known_courses(slugs: Collection[str]) -> set[str]:
    """Which courses a journey may assign. Before any course is loaded, all of them."""
    live = set(CoursePage.objects.live().values_list("slug", flat=True))
    return live or set(slugs)
