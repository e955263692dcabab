"""`manage.py release_sending [--relay-log FILE]`: after a restore, let sending go on (R36, 0025)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from journeys import clock, outside
from journeys.messages.reconciling import settle_sent

#: The first part of our Message-IDs: <uid@domain>.
OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^>\s]+>")


class Command(BaseCommand):
    help = "End the hold after a restore. --relay-log: what was sent meanwhile is not sent again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--relay-log", metavar="FILE", help="text with the Message-IDs the relay has accepted"
        )
        parser.add_argument("--note", default="", help="why, for your colleagues")

    def handle(self, *args: Any, **options: Any) -> None:
        if outside.is_copied():
            raise CommandError(outside.hindrance(), returncode=2)
        now = clock.now()
        if options["relay_log"]:
            found = settle_sent(_ids(options["relay_log"]), now)
            self.stdout.write(_("%d messages had been sent already.") % found)
        ended = outside.release(now, note=options["note"])
        self.stdout.write(_("Sending goes on.") if ended else _("Nothing was held."))


def _ids(name: str) -> list[str]:
    try:
        return OURS.findall(Path(name).read_text(errors="replace"))
    except OSError as error:
        raise CommandError(_("The log cannot be read: %s") % error, returncode=2) from error
