"""What the plain loops share: pass, rest, pass; a clean end on SIGTERM; a watchdog over it all."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import suppress
from types import FrameType

from django.db import DatabaseError, InterfaceError, close_old_connections

from journeys import pulse
from journeys.pulse import Watchdog

logger = logging.getLogger("junro")
LONGEST_REST = 300.0
LONGEST_SICK_REST = 15.0


class Loop:
    """Ends after the pass in which SIGTERM or SIGINT comes; a wedged one is ended by its watchdog.

    A database that went away is found again at the next pass.
    """

    role = ""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.watchdog = Watchdog(self.role)
        self.stumbles = 0

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        with self.watchdog:
            while not self.stopping.is_set():
                self.rest(self.guarded_pass())

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def one_pass(self) -> float:
        """Do what is due; how many seconds to rest until the next pass."""
        raise NotImplementedError

    def guarded_pass(self) -> float:
        """One pass on a connection that works; a failure is logged, and rested over."""
        close_old_connections()
        try:
            seconds = self.one_pass()
        except (DatabaseError, InterfaceError):
            logger.exception("The %s lost its database.", self.role)
        except Exception:  # the loop must live; the failure is logged and seen
            logger.exception("The %s stumbled; it tries again soon.", self.role)
        else:
            self.stumbles = 0
            return seconds
        self.stumbles += 1
        return min(LONGEST_SICK_REST, 0.5 * 2.0 ** min(self.stumbles, 10))

    def rest(self, seconds: float) -> None:
        """Wait, a little at a time: who rests is alive."""
        self.watchdog.alive()
        while seconds > 0 and not self.stopping.wait(min(seconds, 5.0)):
            seconds -= 5.0
            with suppress(DatabaseError, InterfaceError):
                self.alive()

    def alive(self) -> None:
        """The pass has come further: told to the watchdog, and now and then to the others."""
        self.watchdog.alive()
        pulse.beat_now_and_then(self.role)
