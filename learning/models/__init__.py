"""Courses, lessons, and how far people have come in them."""

from __future__ import annotations

from learning.models.courses import (
    CourseIndexPage,
    CoursePage,
    CourseState,
    course_states,
    courses_for,
    lessons_of,
    with_courses,
)
from learning.models.engagement import Engagement
from learning.models.lessons import LessonPage
from learning.models.progress import Completion, HowCompleted, Progress, ViewSession

__all__ = [
    "Completion",
    "CourseIndexPage",
    "CoursePage",
    "CourseState",
    "Engagement",
    "HowCompleted",
    "LessonPage",
    "Progress",
    "ViewSession",
    "course_states",
    "courses_for",
    "lessons_of",
    "with_courses",
]
