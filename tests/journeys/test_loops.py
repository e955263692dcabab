"""The loops: what a stumble does, who notices a wedged process, and how long a clock may go back."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import pytest
from django.db import OperationalError

from journeys import clock, engine, pulse
from journeys.management.commands import run_engine
from journeys.management.commands.run_engine import EngineLoop
from journeys.management.loops import LONGEST_SICK_REST
from journeys.models import Heartbeat, Tick
from journeys.pulse import WEDGED, Watchdog
from tests.conftest import NOW


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> EngineLoop:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return EngineLoop()


@pytest.mark.django_db(transaction=True)
def test_a_pass_of_the_engine_is_a_tick_and_a_heartbeat(loop: EngineLoop) -> None:
    assert loop.guarded_pass() == run_engine.EVERY_SECONDS

    assert Tick.objects.get().at == NOW
    assert Heartbeat.objects.get().role == "engine"


@pytest.mark.django_db(transaction=True)
def test_i14_a_clock_that_went_back_makes_nothing_happen_until_it_has_caught_up(
    loop: EngineLoop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    loop.guarded_pass()
    monkeypatch.setattr(clock, "now", lambda: NOW - timedelta(hours=1))

    with caplog.at_level(logging.WARNING, "junro"):
        loop.guarded_pass()

    assert Tick.objects.get().at == NOW
    assert loop.stumbles == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError("gone"), ZeroDivisionError("a bug")])
def test_a_stumble_is_logged_and_rested_over_longer_and_longer(
    loop: EngineLoop, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_args: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(engine, "tick", stumble)

    rests = [loop.guarded_pass() for _n in range(8)]

    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (1.0, LONGEST_SICK_REST)
    monkeypatch.undo()


def test_i19_a_process_that_no_longer_moves_ends_itself_for_its_supervisor() -> None:
    ended: list[int] = []

    with Watchdog("engine", seconds=0.2, end=ended.append):
        time.sleep(0.6)

    assert ended == [WEDGED]


def test_i19_a_process_that_moves_is_left_alone() -> None:
    ended: list[int] = []

    with Watchdog("engine", seconds=0.4, end=ended.append) as watchdog:
        for _n in range(8):
            time.sleep(0.1)
            watchdog.alive()

    assert ended == []


@pytest.mark.django_db
def test_a_heartbeat_is_one_statement_and_one_row_a_process(
    django_assert_num_queries: object,
) -> None:
    pulse.beat("engine")
    with django_assert_num_queries(1):  # type: ignore[operator]
        pulse.beat("engine")

    assert Heartbeat.objects.count() == 1
