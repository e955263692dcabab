"""The demo's past: the real engine run over virtual time, from a file of facts.

Nothing here writes a row: it moves the doors' clock, makes the calls a product, a customer or a
member of staff would make, and lets the engine and the sender work at each moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation

from config.demo import deeds, world
from content.loading import load_articles, load_site
from journeys import bundle, clock, engine, facts, people, pulse, tasks
from journeys.api.keys import make_key
from journeys.calendars import hours_at
from journeys.messages import delivery
from journeys.models import Heartbeat
from journeys.roles import sync_roles
from learning.loading import load_courses

Progress = Callable[[int, int, str], None]
FINISHED = "demo seed"


def is_begun() -> bool:
    """Whether an earlier run moved the demo's clock."""
    return clock.is_demo()


def is_finished() -> bool:
    """Whether the demo's world is complete."""
    return Heartbeat.objects.filter(role=FINISHED).exists()


def run(progress: Progress) -> None:
    """Tell the demo's past from its first contract to its visitor's morning. About a minute."""
    with translation.override(settings.LANGUAGE_CODE):
        _run(world.load(), progress)


def _run(told: world.World, progress: Progress) -> None:
    first = told.calls[0]["at"] - timedelta(hours=1)
    clock.move_to(first)
    _open_house(told, first)
    moments = list(_moments(told, first))
    for done, (moment, calls) in enumerate(moments, start=1):
        clock.move_to(moment)
        _live(calls, moment)
        progress(done, len(moments), f"{moment.astimezone(told.opens_at.tzinfo):%Y-%m-%d %H:%M}")
    clock.move_to(told.opens_at)
    # Two quiet passes, so that a start of the demo adds no row of its own.
    for _pass in range(2):
        tasks.once()
    beat_finished()


def _open_house(told: world.World, now: datetime) -> None:
    """What the vendor set up before its first customer: staff, key, texts, learning site."""
    sync_roles()
    for member in told.staff:
        people.invite_staff(
            email=member["email"],
            last_name=member["last_name"],
            first_name=member["first_name"],
            role=member["role"],
            title=member["title"],
            hours=member["hours"],
            phone=member["phone"],
            now=now,
        )
    key_file = Path(settings.VAR_DIR) / world.KEY_FILE
    key_file.write_text(make_key(world.SOURCE, now))
    key_file.chmod(0o600)
    load_site(told.site, now=now)
    load_courses(told.courses, now=now)
    load_articles(told.articles, now=now)
    bundle.apply(bundle.read_files([told.bundle]), now)


def _moments(told: world.World, first: datetime) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
    """Each moment at which something happens, with its calls: calls themselves, and slots."""
    by_moment: dict[datetime, list[dict[str, Any]]] = {}
    for call in told.calls:
        by_moment.setdefault(call["at"], []).append(call)
    hours = hours_at(first)
    slot = hours.next_slot(first, settings.TIME_ZONE)
    while slot < told.opens_at:
        by_moment.setdefault(slot, [])
        slot = hours.next_slot(slot + timedelta(seconds=1), settings.TIME_ZONE)
    by_moment.setdefault(told.opens_at - timedelta(minutes=1), [])
    for moment in sorted(by_moment):
        yield moment, by_moment[moment]


def _live(calls: list[dict[str, Any]], now: datetime) -> None:
    """One moment: what people and products do, then a tick and a pass of the sender."""
    sent = [deeds.as_call(call, now) for call in calls if call["type"] in deeds.CALLS]
    if sent:
        verdicts = facts.take(sent, source=world.SOURCE, received_at=now)
        if verdicts.rejected:
            raise ValueError(f"The demo's facts are refused at {now}: {verdicts.rejected}")
    for call in calls:
        if call["type"] in deeds.DEEDS:
            deeds.DEEDS[call["type"]](call, now)
    engine.tick(now)
    if delivery.send_due(now).handed:
        # A step that waited for its message goes on as soon as that is settled.
        engine.tick(now)


def beat_finished() -> None:
    """Note that the world is complete: a second start changes nothing."""
    pulse.beat(FINISHED)
