"""`manage.py seed_demo`: the demo's past, made by running the real engine over virtual time."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from config.demo import greeting, seed, world
from journeys import clock


class Command(BaseCommand):
    help = "Fill an empty database with the demo's world. Run again, it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--day", type=date.fromisoformat, default=world.TODAY, help="when the doors open"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(_("Preparing the database …"))
        call_command("migrate", verbosity=0, interactive=False)
        if seed.is_finished():
            clock.resume()
        elif seed.is_begun():
            raise CommandError(
                _("An earlier preparation was interrupted. Delete var/demo and start again.")
            )
        else:
            seed.run(self._progress, options["day"])
            self.stdout.write("")
        self.stdout.write(greeting.text())

    def _progress(self, done: int, of: int, what: str) -> None:
        """One line that grows; on a terminal it is rewritten, elsewhere every tenth is printed."""
        filled = round(30 * done / of)
        line = f"[{'█' * filled}{'·' * (30 - filled)}] {done * 100 // of:3d} %  {what}"
        if sys.stdout.isatty():
            self.stdout.write(f"\r{line:78}", ending="")
            self.stdout.flush()
        elif done == of or done * 10 // of != (done - 1) * 10 // of:
            self.stdout.write(line)
