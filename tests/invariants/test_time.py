"""Time as it is: outages, daylight saving, year ends. The engine's `now` is virtual here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from journeys import calendars, engine
from journeys.messages import delivery
from journeys.models import Contact, Message
from tests import cast
from tests.cast import SLOT, at, customer

pytestmark = pytest.mark.django_db
HALF_AN_HOUR = timedelta(minutes=30)


def run(now: datetime) -> None:
    """What engine and sender do in a minute: beats, sender, and beats for what was settled."""
    engine.tick(now)
    if delivery.send_due(now).handed:
        engine.tick(now)


def moments(first: datetime, last: datetime, step: timedelta = HALF_AN_HOUR) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += step


def test_i13_a_due_letter_is_handed_over_within_ninety_seconds() -> None:
    cast.open_vendor()
    customer("hana")
    run(SLOT - HALF_AN_HOUR)

    for now in moments(SLOT - timedelta(seconds=37), SLOT + timedelta(minutes=2), ENGINE_GRAIN):
        run(now)

    letter = Message.objects.get(step_id="hello")
    assert letter.handed_at is not None
    assert timedelta(0) <= letter.handed_at - letter.due_at <= timedelta(seconds=90)


ENGINE_GRAIN = timedelta(seconds=15)
EVERY = timedelta(hours=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "outage",
    [timedelta(minutes=1), timedelta(hours=7), timedelta(days=1), timedelta(days=30)],
    ids=str,
)  # fmt: skip
def test_i13_after_an_outage_a_step_fires_once_or_expires_and_never_in_a_burst(
    outage: timedelta,
) -> None:
    """Down from just before the slot; afterwards no person gets more than the limits allow."""
    cast.open_vendor()
    for name in ("hana", "jiro", "kei"):
        customer(name)
    run(at("2026-05-11T09:59"))

    back = at("2026-05-11T09:59") + outage
    run(back)
    first_hour = back.replace(minute=0, second=0)
    for now in moments(first_hour + timedelta(hours=1), back + timedelta(days=4), EVERY):
        run(now)

    for person in Contact.objects.values_list("person_id", flat=True):
        sent = sorted(
            m.handed_at
            for m in Message.objects.filter(person_id=person, channel="email", state="accepted")
            if m.handed_at
        )
        assert all(later - earlier >= timedelta(days=1) for earlier, later in pairwise(sent))
        assert all(len([x for x in sent if s <= x < s + timedelta(days=7)]) <= 2 for s in sent)
    first = Message.objects.filter(step_id="hello")
    assert first.count() == 3
    wanted = "expired" if outage > timedelta(days=9) else "accepted"
    assert set(first.values_list("state", flat=True)) == {wanted}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("America/New_York", "2026-03-06T00:00"),  # clocks go forward on the 8th
        ("America/New_York", "2026-10-30T00:00"),  # and back on 1 November
        ("Europe/Berlin", "2026-10-23T00:00"),
        ("Asia/Tokyo", "2026-12-30T00:00"),
        ("Asia/Tokyo", "2028-02-28T00:00"),  # a leap day
        ("Pacific/Apia", "2026-12-30T00:00"),
    ],
)
def test_i14_no_step_before_its_time_across_daylight_saving_and_year_ends(
    zone: str, first: str
) -> None:
    """Every letter leaves when it was due or later, in its reader's sending hours."""
    began = datetime.fromisoformat(first).replace(tzinfo=UTC)
    cast.open_vendor(began)
    customer("hana", began)
    cast.say(began, {"type": "identify", "userId": "hana-1", "traits": {"timezone": zone}})

    for now in moments(began, began + timedelta(days=5), timedelta(hours=2)):
        due = set(
            Message.objects.filter(channel="email", state="planned", due_at__gt=now)
            .values_list("pk", flat=True)
        )  # fmt: skip
        run(now)
        early = Message.objects.filter(pk__in=due, state="accepted", due_at__gt=now)
        assert not early.exists()

    sent = Message.objects.filter(channel="email", state="accepted")
    assert sent.count() >= 1
    for message in sent:
        assert message.handed_at is not None
        local = message.handed_at.astimezone(ZoneInfo(zone))
        assert 10 <= local.hour < 19
        assert calendars.hours_at(message.handed_at).allows(message.handed_at, zone)
