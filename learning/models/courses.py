"""Courses, the list of them, and how far a reader has come in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page

from content.models import Guided
from content.models.audience import AUDIENCE_PANELS
from content.visibility import Reader, audiences_of, may_read, readable
from learning.models.lessons import LessonPage
from learning.models.progress import Progress


class CourseIndexPage(Page):
    """The list of courses a reader may take."""

    intro = models.TextField(_("introduction"), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    parent_page_types = ["content.HomePage"]
    subpage_types = ["learning.CoursePage"]
    max_count_per_parent = 1
    template = "learning/course_index_page.html"

    class Meta:
        verbose_name = _("list of courses")
        verbose_name_plural = _("lists of courses")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        visitor = request.visitor  # type: ignore[attr-defined]
        states = course_states(courses_for(visitor), visitor, visitor.contact_id)
        useful = [state for state in states if set(state.course.stages) & visitor.stages]
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | {
            "useful": useful,
            "states": [state for state in states if state not in useful],
        }


class CoursePage(Guided, Page):
    """A handful of short lessons that belong together."""

    position = models.PositiveIntegerField(_("position"), default=0)

    content_panels = [
        *Page.content_panels,
        FieldPanel("summary"),
        FieldPanel("position"),
        *AUDIENCE_PANELS,
    ]
    parent_page_types = ["learning.CourseIndexPage"]
    subpage_types = ["learning.LessonPage"]
    template = "learning/course_page.html"

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")

    def state_for(self, visitor: Any) -> CourseState:
        """The course as `visitor` (a Visitor) stands in it; 2 queries."""
        return course_states([self], visitor, visitor.contact_id)[0]

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | {"state": self.state_for(request.visitor)}  # type: ignore[attr-defined]


def courses_for(reader: Reader) -> list[CoursePage]:
    """Live courses open to `reader`, in their order; 1 query."""
    rows = CoursePage.objects.live().filter(audience__in=audiences_of(reader))
    return readable(rows.order_by("position", "path"), reader)


def with_courses(lessons: Iterable[LessonPage]) -> list[LessonPage]:
    """The lessons, each knowing its course already; 1 query."""
    found = list(lessons)
    paths = {lesson.path[: -lesson.steplen] for lesson in found}
    by_path = {course.path: course for course in CoursePage.objects.filter(path__in=paths)}
    for lesson in found:
        lesson.__dict__["_course"] = by_path[lesson.path[: -lesson.steplen]]
    return found


def lessons_of(courses: Sequence[CoursePage], reader: Reader) -> dict[int, list[LessonPage]]:
    """Open lessons of each course by the course's id, in tree order, without bodies; 1 query."""
    by_path = {course.path: course for course in courses}
    paths = models.Q()
    for path in by_path:
        paths |= models.Q(path__startswith=path)
    found: dict[int, list[LessonPage]] = {course.pk: [] for course in courses}
    if not by_path:
        return found
    rows = LessonPage.objects.live().filter(paths).defer_streamfields().order_by("path")
    for lesson in rows:
        course = by_path[lesson.path[: -lesson.steplen]]
        if may_read(lesson, reader):
            lesson.__dict__["_course"] = course
            found[course.pk].append(lesson)
    return found


@dataclass(frozen=True)
class CourseState:
    """A course with its lessons and how far a reader is."""

    course: CoursePage
    lessons: tuple[LessonPage, ...]
    rows: dict[UUID, Progress]

    @property
    def done(self) -> int:
        return sum(self.is_done(lesson) for lesson in self.lessons)

    @property
    def total(self) -> int:
        return len(self.lessons)

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0

    @property
    def minutes(self) -> int:
        return sum(lesson.minutes for lesson in self.lessons)

    @property
    def minutes_left(self) -> int:
        return sum(lesson.minutes for lesson in self.lessons if not self.is_done(lesson))

    @property
    def next_lesson(self) -> LessonPage | None:
        return next((lesson for lesson in self.lessons if not self.is_done(lesson)), None)

    @property
    def stations(self) -> list[tuple[LessonPage, Progress | None]]:
        return [(lesson, self.rows.get(lesson.translation_key)) for lesson in self.lessons]

    def is_done(self, lesson: LessonPage) -> bool:
        row = self.rows.get(lesson.translation_key)
        return row is not None and row.state == Progress.State.COMPLETED


def course_states(
    courses: Sequence[CoursePage], reader: Reader, contact_id: int | None
) -> list[CourseState]:
    """Each course with its open lessons and a contact's progress; 2 queries, however many."""
    lessons = lessons_of(courses, reader)
    rows = progress_in(contact_id, {course.translation_key for course in courses})
    return [CourseState(course, tuple(lessons[course.pk]), rows) for course in courses]


def progress_in(contact_id: int | None, course_keys: set[UUID]) -> dict[UUID, Progress]:
    """A contact's progress rows in these courses, by lesson key; 1 query."""
    if contact_id is None:
        return {}
    rows = Progress.objects.filter(contact=contact_id, course_key__in=course_keys)
    return {row.lesson_key: row for row in rows}
