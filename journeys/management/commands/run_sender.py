"""The sender as a plain loop, for production under a supervisor: as many as wanted, anywhere."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections
from django.db.models.functions import Now

from journeys import clock
from journeys.messages.delivery import Sent, reconcile, send_due
from journeys.models import Heartbeat

logger = logging.getLogger("junro")
IDLE_SECONDS = 1.0
LONGEST_REST = 300.0  # while the provider is down
RECONCILE_EVERY = 60  # passes


class Command(BaseCommand):
    help = "Send released messages. --once: everything that is due, then stop."

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="send what is due and stop")
        how.add_argument("--loop", action="store_true", help="go on until SIGTERM (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        check_settings()
        if options["once"]:
            total = once()
            self.stdout.write(
                f"{total.accepted} accepted, {total.failed} failed, {total.later} later"
            )
            if total.broken:
                raise CommandError(f"The mail server cannot be used: {total.broken}")
            return
        Loop().run()


def check_settings() -> None:
    """Refuse to run where a silent hand-over could be given up while it may still succeed."""
    timeout: int | None = settings.EMAIL_TIMEOUT
    longest = settings.SENDER_LEASE_SECONDS + (timeout or 0)
    if timeout is None or longest >= settings.RECONCILE_AFTER_SECONDS:
        raise CommandError(
            "RECONCILE_AFTER_SECONDS must be longer than SENDER_LEASE_SECONDS + EMAIL_TIMEOUT"
            f" ({longest}), and EMAIL_TIMEOUT must be set."
        )


def once() -> Sent:
    """Pass after pass until nothing is due, or the provider is down."""
    total = Sent()
    while not total.broken:
        sent = send_due(clock.now())
        total.add(sent)
        if sent.claimed == 0:
            break
    reconcile(clock.now())
    return total


class Loop:
    """Pass, rest, pass. Ends after the pass in which SIGTERM or SIGINT comes."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.failures = 0
        self.passes = 0

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        while not self.stopping.is_set():
            self.stopping.wait(self.rest(self.one_pass()))

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()

    def one_pass(self) -> Sent:
        """Send what is due; a database that went away is found again at the next pass."""
        close_old_connections()
        try:
            sent = send_due(clock.now())
            if self.passes % RECONCILE_EVERY == 0:
                reconcile(clock.now())
            beat()
        except DatabaseError as error:
            logger.exception("the sender lost its database")
            return Sent(broken=str(error))
        self.passes += 1
        return sent

    def rest(self, sent: Sent) -> float:
        """How long to wait: not at all while there is more, longer and longer while it is broken."""
        if not sent.broken:
            self.failures = 0
            return 0.0 if sent.claimed else IDLE_SECONDS
        self.failures += 1
        logger.warning("the sender rests: %s", sent.broken)
        return float(min(LONGEST_REST, IDLE_SECONDS * 2**self.failures))


def beat() -> None:
    """Write that a sender is alive, by the database's clock."""
    Heartbeat.objects.update_or_create(role="sender", defaults={"at": Now()})
