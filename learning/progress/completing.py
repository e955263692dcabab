"""The end of a lesson, and of its course: written once, with its facts, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from journeys import db, facts
from journeys.models import Contact
from learning.models import Completion, CoursePage, LessonPage, Progress
from learning.reading import RULE

Kind = Completion.Kind


@dataclass(frozen=True)
class Finish:
    """`contact` came to the end of `lesson` at `at` (aware; when it was true in the world)."""

    contact: Contact
    lesson: LessonPage
    at: datetime
    evidence: dict[str, Any] = field(default_factory=dict)


def complete(
    *,
    contact: Contact,
    lesson_page: LessonPage,
    now: datetime,
    source: str,
    at: datetime | None = None,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """A contact has finished a lesson (`source`: reading | product); False when they had before.

    Writes Progress and Completion and records lesson.completed {lesson, course}, course.progressed
    {course, percent} and, with the last lesson, course.completed {course}. All or nothing.
    """
    finish = Finish(contact, lesson_page, at or now, evidence or {})
    return complete_all([finish], now=now, source=source) == 1


@transaction.atomic
def complete_all(finishes: Sequence[Finish], *, now: datetime, source: str) -> int:
    """Complete many lessons at once; how many were new. The statements do not grow with them."""
    # Of the last two lessons of a course, finished at the same moment, one has to see the other.
    ids = {finish.contact.pk for finish in finishes}
    list(
        Contact.objects.select_for_update(no_key=True)
        .filter(pk__in=ids)
        .order_by("pk")
        .values("pk")
    )
    fresh = _new_ones(finishes)
    if not fresh:
        return 0
    db.insert([_lesson_row(finish, source) for finish in fresh])
    _mark(fresh, now, source)
    _say(fresh, _courses(fresh, now, source), now)
    return len(fresh)


def _new_ones(finishes: Sequence[Finish]) -> list[Finish]:
    """Those not complete yet, each once, the earliest kept."""
    earliest: dict[tuple[int, UUID], Finish] = {}
    for finish in sorted(finishes, key=lambda one: one.at):
        earliest.setdefault((finish.contact.pk, finish.lesson.translation_key), finish)
    known = set(
        Completion.objects.filter(
            kind=Kind.LESSON,
            contact__in={contact for contact, _key in earliest},
            page_key__in={key for _contact, key in earliest},
        ).values_list("contact_id", "page_key")
    )
    return [finish for pair, finish in earliest.items() if pair not in known]


def _lesson_row(finish: Finish, source: str) -> Completion:
    return Completion(
        contact=finish.contact,
        account_id=finish.contact.account_id,
        kind=Kind.LESSON,
        page_key=finish.lesson.translation_key,
        course_key=finish.lesson.course.translation_key,
        source=source,
        rule=RULE if source == "reading" else "product-1",
        revision_id=finish.lesson.live_revision_id,
        completed_at=finish.at,
        evidence=finish.evidence,
    )


def _mark(fresh: Sequence[Finish], now: datetime, source: str) -> None:
    """The lessons' progress: completed, whatever was read before."""
    rows = {
        (contact, key): pk
        for pk, contact, key in Progress.objects.filter(
            contact__in={finish.contact.pk for finish in fresh},
            lesson_key__in={finish.lesson.translation_key for finish in fresh},
        ).values_list("pk", "contact_id", "lesson_key")
    }
    changes, missing = [], []
    for finish in fresh:
        values = {
            "state": Progress.State.COMPLETED,
            "percent": 100,
            "completed_at": finish.at,
            "source": source,
            "revision_id": finish.lesson.live_revision_id,
        }
        if pk := rows.get((finish.contact.pk, finish.lesson.translation_key)):
            changes.append({"id": pk, **values})
        else:
            missing.append(_progress_row(finish, now, values))
    db.insert(missing)
    db.update(Progress, changes)


def _progress_row(finish: Finish, now: datetime, values: dict[str, Any]) -> Progress:
    return Progress(
        contact=finish.contact,
        account_id=finish.contact.account_id,
        lesson_key=finish.lesson.translation_key,
        course_key=finish.lesson.course.translation_key,
        started_at=min(finish.at, now),
        last_seen_at=now,
        **values,
    )


@dataclass(frozen=True)
class Way:
    """How far a contact is in a course: `percent`, and `ended_at` when this was its last lesson."""

    percent: int
    ended_at: datetime | None = None


def _courses(fresh: Sequence[Finish], now: datetime, source: str) -> dict[tuple[int, UUID], Way]:
    """Per contact and course: how far they are now; courses that came to their end are written."""
    courses = {finish.lesson.course.translation_key: finish.lesson.course for finish in fresh}
    lessons = lesson_keys(courses.values())
    done: dict[tuple[int, UUID], dict[UUID, datetime]] = defaultdict(dict)
    ended: set[tuple[int, UUID]] = set()
    rows = Completion.objects.filter(
        contact__in={finish.contact.pk for finish in fresh}, course_key__in=courses
    ).values_list("contact_id", "course_key", "kind", "page_key", "completed_at")
    for contact, course, kind, page, at in rows:
        if kind == Kind.COURSE:
            ended.add((contact, course))
        elif page in lessons[course]:
            done[contact, course][page] = at
    ways: dict[tuple[int, UUID], Way] = {}
    closing: list[Completion] = []
    for finish in fresh:
        pair = (finish.contact.pk, finish.lesson.course.translation_key)
        if pair in ways:
            continue
        finished = done[pair]
        percent = 100 * len(finished) // max(1, len(lessons[pair[1]]))
        ways[pair] = Way(percent)
        if percent == 100 and pair not in ended:
            at = max(finished.values())
            ways[pair] = Way(percent, at)
            closing.append(_course_row(finish, at, source))
    db.insert(closing)
    return ways


def lesson_keys(courses: Iterable[CoursePage]) -> dict[UUID, set[UUID]]:
    """Translation keys of the live lessons of each course, by the course's own key; 1 query."""
    by_path = {course.path: course.translation_key for course in courses}
    keys: dict[UUID, set[UUID]] = {key: set() for key in by_path.values()}
    below = Q()
    for path in by_path:
        below |= Q(path__startswith=path)
    for path, key in LessonPage.objects.live().filter(below).values_list("path", "translation_key"):
        keys[by_path[path[: -LessonPage.steplen]]].add(key)
    return keys


def _course_row(finish: Finish, at: datetime, source: str) -> Completion:
    course = finish.lesson.course
    return Completion(
        contact=finish.contact,
        account_id=finish.contact.account_id,
        kind=Kind.COURSE,
        page_key=course.translation_key,
        course_key=course.translation_key,
        source=source,
        rule="all-lessons-1",
        completed_at=at,
    )


def _say(fresh: Sequence[Finish], ways: dict[tuple[int, UUID], Way], now: datetime) -> None:
    """The facts, in the order in which they came true."""
    said = []
    for finish in fresh:
        course = finish.lesson.course.slug
        said.append(
            _fact("lesson.completed", finish, finish.at, lesson=finish.lesson.slug, course=course)
        )
    last = {(f.contact.pk, f.lesson.course.translation_key): f for f in fresh}
    for pair, finish in last.items():
        course, way = finish.lesson.course.slug, ways[pair]
        said.append(
            _fact("course.progressed", finish, finish.at, course=course, percent=way.percent)
        )
        if way.ended_at:
            said.append(_fact("course.completed", finish, way.ended_at, course=course))
    facts.record_all(said, received_at=now)


def _fact(name: str, finish: Finish, at: datetime, **properties: Any) -> facts.Fact:
    return facts.Fact(
        name=name,
        occurred_at=at,
        account_id=finish.contact.account_id,
        contact_id=finish.contact.pk,
        properties=properties,
    )
