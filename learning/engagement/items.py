"""The pages the report speaks of, each with whom it is meant for and what it asks to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import get_language

from content.models import ArticlePage
from content.reading import block_ids
from content.visibility import INTERNAL
from learning.models import CoursePage, LessonPage, ViewSession
from learning.models.lessons import is_fact
from learning.progress.tracking import VIEWED_AFTER_MS as VIEWED_AFTER_MS

Kind = ViewSession.Kind


@dataclass(frozen=True)
class Door:
    """Keys of whom one page lets in; nothing = everybody. A lesson has its course's door too."""

    roles: frozenset[str]
    products: frozenset[str]


@dataclass(frozen=True)
class Item:
    """A lesson or an article in all its languages: `slugs` are the addresses it is linked by.

    `blocks`: of an article, the ids of its blocks (to be read to the end is to have seen them all).
    """

    key: UUID
    kind: str
    title: str
    url: str
    slugs: frozenset[str]
    doors: tuple[Door, ...]
    stages: frozenset[str]
    next_label: str
    next_to: str
    done_by: dict[str, Any] | None = None
    course: str = ""
    blocks: frozenset[str] = frozenset()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles it is written for, the page's own before its course's."""
        return next((tuple(sorted(door.roles)) for door in self.doors if door.roles), ())

    @property
    def targets(self) -> frozenset[str]:
        return frozenset(f"{self.kind}:{slug}" for slug in self.slugs)


def published() -> list[Item]:
    """Every live lesson and article that customers may read, in the site's order; 3 queries.

    Pages for our own staff are left out; translations of one page are one item.
    """
    return [*_lessons(), *_articles()]


def _lessons() -> list[Item]:
    courses = {
        course.path: course for course in CoursePage.objects.live().exclude(audience=INTERNAL)
    }
    pages = LessonPage.objects.live().exclude(audience=INTERNAL).defer_streamfields()
    rows = list(pages.select_related("locale").order_by("path"))
    course_of = {
        page.pk: courses[course_path]
        for page in rows
        if (course_path := page.path[: -page.steplen]) in courses
    }
    rows = [page for page in rows if page.pk in course_of]
    rows.sort(key=lambda page: (course_of[page.pk].position, page.path))
    return [_lesson(group, course_of[group[0].pk]) for group in _by_key(rows)]


def _lesson(group: list[Any], course: Any) -> Item:
    page = group[0]
    return Item(
        **_common(group, Kind.LESSON),
        doors=(_door(page), _door(course)),
        stages=frozenset(page.stages or course.stages),
        done_by=page.done_by if is_fact(page.done_by) else None,
        course=course.slug,
    )


def _articles() -> list[Item]:
    pages = ArticlePage.objects.live().exclude(audience=INTERNAL)
    return [
        Item(
            **_common(group, Kind.ARTICLE),
            doors=(_door(group[0]),),
            stages=frozenset(group[0].stages),
            blocks=frozenset(block_ids(group[0].body)),
        )
        for group in _by_key(pages.select_related("locale").order_by("path"))
    ]


def _by_key(pages: Iterable[Any]) -> list[list[Any]]:
    """Translations of a page together, the reader's language first."""
    groups: dict[UUID, list[Any]] = {}
    for page in pages:
        groups.setdefault(page.translation_key, []).append(page)
    for group in groups.values():
        group.sort(key=lambda page: page.locale.language_code != get_language())
    return list(groups.values())


def _common(group: list[Any], kind: str) -> dict[str, Any]:
    page = group[0]
    return {
        "key": page.translation_key,
        "kind": str(kind),
        "title": page.title,
        "url": page.get_url() or "",
        "slugs": frozenset(one.slug for one in group),
        "next_label": page.next_action_label,
        "next_to": page.next_action_to,
    }


def _door(page: Any) -> Door:
    return Door(frozenset(page.roles), frozenset(page.products))
