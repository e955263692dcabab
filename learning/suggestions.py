"""What to read next: where one stopped, and what helps in the present stage."""

from __future__ import annotations

from dataclasses import dataclass

from content.models import ArticlePage, articles_for
from content.visibility import Reader, meant_for
from journeys.models import Contact
from learning.models import LessonPage, Progress, course_states, courses_for, with_courses

MOST = 4


@dataclass(frozen=True)
class Resume:
    """A lesson to go on with. `percent` is 0 for one not begun."""

    lesson: LessonPage
    percent: int

    @property
    def minutes_left(self) -> int:
        return max(1, round(self.lesson.minutes * (100 - self.percent) / 100))


def to_go_on_with(contact: Contact, reader: Reader) -> Resume | None:
    """The lesson left last and not finished; else the first one open in a course for this stage."""
    started = Progress.objects.filter(contact=contact, state=Progress.State.STARTED)
    row = started.order_by("-last_seen_at").first()
    if row is not None:
        found = (
            LessonPage.objects.live().filter(translation_key=row.lesson_key).defer_streamfields()
        )
        for lesson in with_courses(found):
            if lesson.is_open_to(reader):
                return Resume(lesson, row.percent)
    courses = [
        course
        for course in courses_for(reader)
        if set(course.stages) & reader.stages and meant_for(course, reader)
    ]
    for state in course_states(courses, reader, contact.pk):
        if state.next_lesson is not None:
            return Resume(state.next_lesson, 0)
    return None


def useful_now(reader: Reader) -> list[ArticlePage]:
    """Up to four articles for the reader's stage and role; 1 query."""
    rows = articles_for(ArticlePage.objects.all(), reader)
    fitting = [a for a in rows if set(a.stages) & reader.stages and meant_for(a, reader)]
    return fitting[:MOST]
