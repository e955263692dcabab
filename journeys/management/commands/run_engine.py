"""The engine as a plain loop, for production under a supervisor: one ticks, more are spares."""

from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from journeys import clock, engine, pulse
from journeys.imports import working
from journeys.management.loops import Loop

logger = logging.getLogger("junro")
EVERY_SECONDS = 15.0
IMPORT_SECONDS = 10.0  # for files that wait to be brought in; the next pass goes on


class Command(BaseCommand):
    help = "Run the beats every 15 seconds until SIGTERM. --once: one tick, then stop."

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="one tick and stop")
        how.add_argument("--loop", action="store_true", help="go on until SIGTERM (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            engine.tick(clock.now())
        else:
            EngineLoop().run()


class EngineLoop(Loop):
    """Tick, rest, tick. What one tick stumbles over stops no later one."""

    role = "engine"

    def one_pass(self) -> float:
        self.alive()
        try:
            engine.tick(clock.now(), alive=self.alive)
        except engine.TickRefused as error:
            # The clock went back: nothing happens until it has caught up, and nothing is lost.
            logger.warning("%s", error)
        working.work(clock.now(), clock.machine(), seconds=IMPORT_SECONDS)
        pulse.beat(self.role)
        return EVERY_SECONDS
