"""What people do in the demo's past, through the doors' own verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from journeys import enrollments, permission, plays
from journeys.channels import nudge
from journeys.messages.following import follow
from journeys.models import Contact, Link, PlayTask, User
from learning import progress
from learning.models import LessonPage, with_courses
from learning.progress import Finish

CONSENT = "ご案内のメールを受け取る"
CALLS = ("group", "identify", "track")
Call = dict[str, Any]


def as_call(call: Call) -> Call:
    """A call of a story in the shape a product's SDK would send it."""
    sent = {
        k: v for k, v in call.items() if k in ("type", "userId", "event", "properties", "traits")
    }
    if "groupId" in call:
        sent["context"] = {"groupId": call["groupId"]}
        if call["type"] == "group":
            sent["groupId"] = call["groupId"]
    if "product" in call:
        sent.setdefault("context", {})["product"] = call["product"]
    what = call.get("event") or call["type"]
    who = call.get("userId") or call.get("groupId")
    props = "-".join(str(v) for v in call.get("properties", {}).values())
    return sent | {
        "timestamp": call["at"].isoformat(),
        "messageId": f"{call['at']:%Y%m%d%H%M%S}-{what}-{who}-{props}",
    }


def _contact(call: Call) -> Contact:
    return Contact.objects.select_related("person").get(user_id=call["userId"], is_current=True)


def learn(call: Call, now: datetime) -> None:
    """Somebody opens a lesson and reads it to its end."""
    lesson = LessonPage.objects.get(slug=call["lesson"])
    progress.read_through(contact=_contact(call), lesson=lesson, now=now)


@cache
def _lessons(course: str) -> tuple[LessonPage, ...]:
    pages = with_courses(LessonPage.objects.live().order_by("path"))
    return tuple(page for page in pages if page.course.slug == course)


def course(call: Call, now: datetime) -> None:
    """Somebody finishes what they had left of a course."""
    contact = _contact(call)
    finishes = [Finish(contact, lesson, now) for lesson in _lessons(call["course"])]
    progress.complete_all(finishes, now=now, source="reading")


def click(call: Call, now: datetime) -> None:
    """Somebody follows the button of a letter, if it has come."""
    link = Link.objects.filter(
        message__contact=_contact(call), message__template_version__template__key=call["template"]
    ).first()
    if link is not None:
        follow(link, now)


def look(call: Call, now: datetime) -> None:
    """Somebody sees the page on which a hint waits for them."""
    contact = _contact(call)
    for message in nudge.open_to(contact, call["page"], now)[:1]:
        nudge.mark_shown(message.uid, contact, now)


def enroll(call: Call, now: datetime) -> None:
    """A colleague lets the administrators of some companies into a journey."""
    user = User.objects.get(email=call["by"])
    contacts = Contact.objects.filter(
        account__external_id__in=call["accounts"], is_current=True, memberships__role="admin"
    )
    enrollments.enroll_by(
        journey=call["journey"], subjects=list(contacts), now=now, by="hand", user=user,
        reason=call.get("reason", ""),
    )  # fmt: skip


def done(call: Call, now: datetime) -> None:
    """A colleague has done what was waiting to be done for a company, or one play of it."""
    waiting = PlayTask.objects.filter(
        account__external_id=call["groupId"], state=PlayTask.State.OPEN
    )
    if "play" in call:
        waiting = waiting.filter(play__key=call["play"])
    user = User.objects.get(email=call["by"])
    for task in waiting.order_by("pk"):
        plays.finish(
            task, now, user, minutes=call.get("minutes"), note=call.get("note", ""),
        )  # fmt: skip


def take_up(call: Call, now: datetime) -> None:
    """A colleague takes a task in hand."""
    user = User.objects.get(email=call["by"])
    waiting = PlayTask.objects.filter(
        account__external_id=call["groupId"], play__key=call["play"], state=PlayTask.State.OPEN
    )
    for task in waiting:
        plays.start(task, now, user)


def consent(call: Call, now: datetime) -> None:
    """Somebody ticks what they like to hear about, on the preferences page."""
    person = _contact(call).person
    for topic in call["topics"]:
        permission.resume(person, topic, "preferences", now, wording=CONSENT)


def bounce(call: Call, now: datetime) -> None:
    """A mail server says for good that nobody reads there any more."""
    permission.suppress(_contact(call).email, "bounce", now)


DEEDS: dict[str, Callable[[Call, datetime], None]] = {
    "learn": learn,
    "course": course,
    "click": click,
    "look": look,
    "enroll": enroll,
    "done": done,
    "take_up": take_up,
    "consent": consent,
    "bounce": bounce,
}
