"""The sender as a plain loop, for production under a supervisor: as many as wanted, anywhere."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from journeys import clock, outside, pulse, webhooks
from journeys.management.loops import LONGEST_REST, Loop
from journeys.messages.delivery import Sent, reconcile, send_due

logger = logging.getLogger("junro")
IDLE_SECONDS = 1.0
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
            if total.held:
                raise CommandError(total.held)
            self.stdout.write(
                f"{total.accepted} accepted, {total.failed} failed, {total.later} later"
            )
            if total.broken:
                raise CommandError(f"The mail server cannot be used: {total.broken}")
            return
        refuse_a_copy()
        SenderLoop().run()


def check_settings() -> None:
    """Refuse to run where a silent hand-over could be given up while it may still succeed."""
    timeout: int | None = settings.EMAIL_TIMEOUT
    longest = settings.SENDER_LEASE_SECONDS + (timeout or 0)
    if timeout is None or longest >= settings.RECONCILE_AFTER_SECONDS:
        raise CommandError(
            "RECONCILE_AFTER_SECONDS must be longer than SENDER_LEASE_SECONDS + EMAIL_TIMEOUT"
            f" ({longest}), and EMAIL_TIMEOUT must be set."
        )


def refuse_a_copy() -> None:
    """A sender on somebody else's database does not even start; a held one starts and waits."""
    if outside.is_copied():
        raise CommandError(outside.hindrance())


def once() -> Sent:
    """Pass after pass until nothing is due, or the provider is down."""
    total = Sent()
    while not (total.broken or total.held):
        sent = send_due(clock.now())
        total.add(sent)
        if sent.claimed == 0:
            break
    if not total.held:
        reconcile(clock.now())
        webhooks.send_due(clock.now())
    return total


class SenderLoop(Loop):
    """Pass, rest, pass; longer and longer rests while the provider is down."""

    role = "sender"

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.passes = 0
        self.held = ""

    def one_pass(self) -> float:
        self.alive()
        sent = send_due(clock.now(), alive=self.alive)
        if self.passes % RECONCILE_EVERY == 0 and not sent.held:
            reconcile(clock.now())
            webhooks.forget(clock.now())
        webhooks.send_due(clock.now())
        pulse.beat(self.role)
        self.passes += 1
        return self.seconds_to_rest(sent)

    def seconds_to_rest(self, sent: Sent) -> float:
        """How long to wait: not at all while there is more, longer and longer while it is broken.

        A held sender keeps looking, so that it goes on as soon as a person has released it.
        """
        if sent.held != self.held:
            self.held = sent.held
            logger.warning("%s", sent.held or "Sending was released; the sender goes on.")
        if not sent.broken:
            self.failures = 0
            return 0.0 if sent.claimed else IDLE_SECONDS
        self.failures += 1
        logger.warning("the sender rests: %s", sent.broken)
        return float(min(LONGEST_REST, IDLE_SECONDS * 2**self.failures))
