"""The demo's past: the real engine run over virtual time, from a file of facts.

Nothing here writes a row: it moves the doors' clock, makes the calls a product, a customer or a
member of staff would make, and lets the engine and the sender work at each moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
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
from journeys.models import Enrollment, Heartbeat, Message
from journeys.roles import sync_roles
from learning.loading import load_courses

Progress = Callable[[int, int, str], None]
Call = dict[str, Any]
FINISHED = "demo seed"
#: Before this day two customers live alone: the engine works only where something is due.
BUSY = datetime(2026, 2, 1, tzinfo=UTC)


def is_begun() -> bool:
    """Whether an earlier run moved the demo's clock."""
    return clock.is_demo()


def is_finished() -> bool:
    """Whether the demo's world is complete."""
    return Heartbeat.objects.filter(role=FINISHED).exists()


def run(progress: Progress, today: date = world.TODAY) -> None:
    """Tell the demo's past from its first contract to its visitor's morning. About a minute."""
    with translation.override(settings.LANGUAGE_CODE):
        _run(world.load(today), progress)


def tell_only(stories: Collection[str]) -> None:
    """Tell some of the stories and nobody else's past, up to the doors' opening."""
    told = world.load()
    names = {world.HERE / "stories" / f"{name}.yaml" for name in stories}
    calls = world.in_time(call for name in names for call in world.story(name))
    first = calls[0]["at"] - timedelta(hours=1)
    clock.move_to(first)
    _open_house(told, first)
    live(calls, first, told.opens_at, lambda *_done: None)


def _run(told: world.World, progress: Progress) -> None:
    first = told.calls[0]["at"] - timedelta(hours=1)
    clock.move_to(first)
    _open_house(told, first)
    live(told.calls, first, told.opens_at, progress)
    clock.move_to(told.opens_at)
    # Two quiet passes, so that a start of the demo adds no row of its own.
    for _pass in range(2):
        tasks.once()
    beat_finished()


def live(calls: list[Call], first: datetime, last: datetime, progress: Progress) -> None:
    """Everything that is told, in order, with the engine at work wherever something may be due.

    What only the crowd does waits for the next morning's tick: nobody looks at their hours.
    """
    pending, told = deque(calls), list[Call]()
    stops = list(_stops(first, last))
    for done, (stop, is_needed) in enumerate(stops, start=1):
        while pending and pending[0]["at"] <= stop:
            told.append(pending.popleft())
        if is_needed or _is_due(stop) or not all(call.get("quiet") for call in told):
            _tell(told)
            told = []
            clock.move_to(stop)
            _work(stop)
        progress(done, len(stops), f"{stop.astimezone(last.tzinfo):%Y-%m-%d %H:%M}")


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
    bundle.apply(bundle.read_files(told.bundle), now)


def _stops(first: datetime, last: datetime) -> Iterator[tuple[datetime, bool]]:
    """The sending slots up to the opening, and the minute before it; whether the engine has to
    work there even when nothing was told: once a business day, because conditions look at days.
    """
    hours = hours_at(first)
    slot = hours.next_slot(first, settings.TIME_ZONE)
    day = None
    while slot < last:
        yield slot, slot >= BUSY and slot.date() != day
        day = slot.date()
        slot = hours.next_slot(slot + timedelta(seconds=1), settings.TIME_ZONE)
    yield last - timedelta(minutes=1), True


def _is_due(stop: datetime) -> bool:
    """Whether a letter waits for this slot, or somebody's waiting time is over."""
    waiting = Message.objects.filter(
        channel="email", state__in=("planned", "held"), due_at__lte=stop
    )
    resting = Enrollment.objects.filter(
        status=Enrollment.Status.IN, waiting_for="time", due_at__lte=stop
    )
    return waiting.exists() or resting.exists()


def _tell(calls: list[Call]) -> None:
    """What people and products do, in the order of time; calls to the API in batches."""
    batch: list[Call] = []
    for call in calls:
        if call["type"] in deeds.CALLS:
            batch.append(call)
            continue
        _send(batch)
        batch = []
        deeds.DEEDS[call["type"]](call, call["at"])
    _send(batch)


def _send(batch: list[Call]) -> None:
    if not batch:
        return
    now = batch[-1]["at"]
    sent = [deeds.as_call(call) for call in batch]
    verdicts = facts.take(sent, source=world.SOURCE, received_at=now)
    if verdicts.rejected:
        raise ValueError(f"The demo's facts are refused at {now}: {verdicts.rejected}")


def _work(now: datetime) -> None:
    """A tick and a pass of the sender; a step that waited for its message goes on at once."""
    engine.tick(now)
    if delivery.send_due(now).handed:
        engine.tick(now)


def beat_finished() -> None:
    """Note that the world is complete: a second start changes nothing."""
    pulse.beat(FINISHED)
