"""A learning site to walk about in: courses of any length, readers of any kind, and their visits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import time_machine
from django.test import Client

from content.loading import load_articles
from journeys.models import Contact, User
from learning import progress
from learning.loading import load_course
from learning.models import CoursePage, LessonPage, Progress
from tests.cast import CONTRACT_DAY

NOW = CONTRACT_DAY + timedelta(hours=1)
WORDS = "承認の段を一つ増やすたびに、待ち時間が一人分ずつ増えます。少なく始めて足すほうが早く落ち着きます。"


def lesson_document(slug: str, **more: Any) -> dict[str, Any]:
    """A lesson of three blocks that is read in about 10 seconds."""
    return {
        "slug": slug,
        "title": f"レッスン {slug}",
        "minutes": 3,
        "summary": ["1つ目", "2つ目"],
        "next_action": {"label": "目標を決める（約2分）", "to": "goal"},
        "blocks": [
            {"type": "heading", "text": "はじめに"},
            {"type": "text", "text": WORDS},
            {"type": "steps", "items": ["開きます", "**選びます**"]},
        ],
    } | more


def course(
    slug: str = "basics", lessons: int | list[dict[str, Any]] = 2, **more: Any
) -> CoursePage:
    """A course `basics` with lessons `basics-1`, `basics-2`, …, or with these documents."""
    if isinstance(lessons, int):
        lessons = [lesson_document(f"{slug}-{n}") for n in range(1, lessons + 1)]
    document = {
        "slug": slug,
        "title": f"コース {slug}",
        "summary": "要約",
        "stages": ["begin"],
        "lessons": lessons,
    } | more
    load_course(document, now=NOW)
    return CoursePage.objects.get(slug=slug)


def lesson(slug: str) -> LessonPage:
    return LessonPage.objects.get(slug=slug)


def article(slug: str, **more: Any) -> None:
    blocks = [{"type": "heading", "text": "原因"}, {"type": "text", "text": WORDS}]
    document = {"slug": slug, "title": slug, "question": f"{slug}ですか", "audience": "public"}
    load_articles([document | {"blocks": blocks} | more], now=NOW)


def blocks_of(page: Any) -> list[str]:
    return [str(block.id) for block in page.body]


def ticket(
    page: Any,
    contact: Contact | None,
    *,
    at: datetime = NOW,
    is_staff: bool = False,
    kind: str = "lesson",
) -> progress.Ticket:
    """A page opened by somebody at `at`."""
    text = progress.issue(
        kind=kind,
        page_id=page.pk,
        contact_id=contact.pk if contact else None,
        is_staff=is_staff,
        now=at,
    )
    return progress.open_ticket(text)


def seen(active_s: float, *blocks: str) -> progress.Seen:
    return progress.Seen(int(active_s * 1000), int(active_s * 1000), frozenset(blocks))


def read(contact: Contact, page: LessonPage, now: datetime = NOW) -> Progress | None:
    """Read a lesson to its end by `now`."""
    return progress.read_through(contact=contact, lesson=page, now=now)


def guest(contact: Contact, now: datetime = NOW, *, hours: int = 72) -> Client:
    """A browser that came by a message's link."""
    client = Client()
    session = client.session
    until = now + timedelta(hours=hours)
    session["visit"] = {"contact": str(contact.uid), "until": until.isoformat(), "scope": "guest"}
    session.save()
    return client


def signed_in(contact: Contact) -> Client:
    """A browser in which a contact's person has signed in."""
    user = User.objects.create_user(f"{contact.user_id}@login.example")
    contact.person.user = user
    contact.person.save(update_fields=["user"])
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def staff() -> Client:
    client = Client()
    user = User.objects.create_user("ops@vendor.example", is_staff=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@contextmanager
def doors_at(moment: datetime = NOW) -> Iterator[None]:
    """What the doors read when they look at the clock."""
    with time_machine.travel(moment, tick=False):
        yield
