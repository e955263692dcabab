"""The demo: its past is lived, not written; its clock goes forward only; its doors are for DEBUG."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from config.demo import world
from config.demo.telling import DAYS
from journeys import clock, engine
from journeys.messages import delivery
from journeys.models import Contact, Message
from tests import cast
from tests.cast import at

DEMO = Path(world.__file__).parent
WRITES = re.compile(
    r"\.(create|bulk_create|get_or_create|update_or_create|save|update|delete|insert)\("
    r"|db\.(insert|update)\(|INSERT|UPDATE"
)


def test_the_seed_writes_no_row_itself() -> None:
    found = [
        f"{file.name}: {line.strip()}"
        for file in sorted(DEMO.glob("*.py"))
        for line in file.read_text().splitlines()
        if WRITES.search(line)
    ]

    assert found == []


def test_the_world_is_in_time_order_and_ends_before_its_visitor_comes() -> None:
    told = world.load()

    times = [call["at"] for call in told.calls]
    assert times == sorted(times)
    assert times[-1] < told.opens_at
    assert len(companies(told)) == 46  # five told ones, an agency, and forty


def companies(told: world.World) -> set[str]:
    return {call["groupId"] for call in told.calls if call["type"] == "group"}


def test_the_same_world_can_be_opened_on_an_earlier_day() -> None:
    """The first customer's contract day: she is there, her colleagues are not yet."""
    told = world.load(date(2026, 5, 11))

    assert f"{told.opens_at:%Y-%m-%d %H:%M}" == "2026-05-11 09:30"
    assert {c["at"] for c in told.calls if c["groupId"] == "ac1-minato"} == {
        told.opens_at.replace(hour=9, minute=5)
    }
    assert all(call["at"] < told.opens_at for call in told.calls)
    assert companies(told) < companies(world.load())


def test_the_crowd_is_as_its_pictures_say() -> None:
    """8 tech, 24 hybrid, 8 high; 24 contracts from February to April, 18 of them done in time."""
    told = world.load()
    contracts = {
        call["groupId"]: call["traits"]["subscriptions"][0]
        for call in told.calls
        if call["type"] == "group" and call.get("quiet")
    }
    answered = {
        call["groupId"]: call["at"].date()
        for call in told.calls
        if call.get("event") == "survey.answered" and call.get("quiet")
    }
    spring = {key: c for key, c in contracts.items() if "2026-02" <= c["started_on"] < "2026-05"}
    in_time = [
        key
        for key, contract in spring.items()
        if key in answered
        and DAYS.between(date.fromisoformat(contract["started_on"]), answered[key]) <= 45
    ]

    assert Counter(c["touch_mode"] for c in contracts.values()) == {
        "tech": 8, "hybrid": 24, "high": 8,
    }  # fmt: skip
    assert (len(spring), len(in_time)) == (24, 18)


@pytest.mark.django_db
def test_without_a_row_and_outside_debug_the_doors_read_the_machines_clock(settings: Any) -> None:
    settings.DEBUG = True
    assert abs(clock.now() - clock.machine()) < timedelta(seconds=5)
    clock.move_to(at("2026-05-11T09:30"))
    assert clock.is_demo()

    settings.DEBUG = False

    assert abs(clock.now() - clock.machine()) < timedelta(seconds=5)
    assert not clock.is_demo()


@pytest.mark.django_db
def test_the_demos_clock_runs_on_and_only_forward(settings: Any) -> None:
    settings.DEBUG = True
    clock.move_to(at("2026-05-11T09:30"))

    assert timedelta(0) <= clock.now() - at("2026-05-11T09:30") < timedelta(seconds=30)
    with pytest.raises(ValueError, match="forward"):
        clock.move_to(at("2026-05-11T09:00"))


@pytest.mark.django_db
def test_the_demos_clock_stands_still_while_the_demo_is_stopped(settings: Any) -> None:
    settings.DEBUG = True
    clock.move_to(at("2026-05-11T09:30"))
    clock.note_seen()

    clock.resume()

    assert clock.now() - at("2026-05-11T09:30") < timedelta(seconds=30)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/dev/", "/dev/mail/", "/dev/product/"])
def test_outside_debug_the_demos_doors_do_not_exist(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["okano", "ops@shimebi.example"])
def test_outside_debug_nobody_comes_in_by_one_click(client: Client, who: str) -> None:
    assert client.post(f"/dev/login/{who}/").status_code == 404


@pytest.mark.django_db
def test_looking_at_the_clocks_button_moves_nothing(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    clock.move_to(at("2026-05-11T09:30"))

    assert client.get("/dev/next-slot/").status_code == 405
    assert clock.now() < at("2026-05-11T09:31")


@pytest.mark.django_db
def test_the_button_moves_to_the_next_slot_and_never_to_another_site(
    client: Client, settings: Any
) -> None:
    settings.DEBUG = True
    clock.move_to(at("2026-05-15T15:30"))

    answer = client.post("/dev/next-slot/", {"next": "https://evil.example/"})

    assert answer["Location"] == "/dev/"
    assert clock.now() - at("2026-05-18T10:00") < timedelta(seconds=30)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["approval-route", "approval-route/"])
def test_the_sample_products_page_shows_the_hint_that_is_meant_for_it(
    client: Client, settings: Any, path: str
) -> None:
    settings.DEBUG = True
    cast.open_vendor()
    hana = cast.customer("hana")
    engine.tick(cast.SLOT)
    delivery.send_due(cast.SLOT)
    engine.tick(cast.SLOT)
    Message.objects.filter(step_id="hint").update(page="product:approval-route")
    Contact.objects.filter(pk=hana.pk).update(user_id="okano")
    clock.move_to(cast.SLOT)

    said = client.get(f"/dev/product/{path}").content.decode()

    assert "目標がまだです" in said
    assert "目標がまだです" not in client.get("/dev/product/").content.decode()
