"""`manage.py tick [--at T] [--again] [--format json]` (contracts 3)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from journeys import clock, engine, webhooks
from journeys.messages import delivery

NEAR = timedelta(minutes=10)


def moment(text: str) -> datetime:
    """An RFC 3339 moment with an offset. CommandError (exit 2) for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = _("“%s” is not a moment: write for example 2026-05-11T10:00:00+09:00")
        raise CommandError(message % text, returncode=2)
    return found


class Command(BaseCommand):
    help = "Run the engine's beats once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--at", metavar="T", help="the moment to run as of (RFC 3339)")
        parser.add_argument("--again", action="store_true", help="also before the last tick")
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        present = clock.now()
        now = moment(options["at"]) if options["at"] else present
        try:
            counts = engine.tick(now, again=options["again"])
        except engine.TickRefused as error:
            raise CommandError(str(error), returncode=2) from error
        # Only the present may speak to the outside; a tick of another time leaves things planned.
        is_present = abs(now - present) <= NEAR
        sent = delivery.send_due(now) if is_present else delivery.Sent()
        if is_present:
            webhooks.send_due(now)
        if sent.held:
            self.stderr.write(sent.held)
        report = {
            "at": now.isoformat(),
            "entered": counts.entered,
            "advanced": counts.advanced,
            "stepped": counts.stepped,
            "planned": counts.planned,
            "handed": sent.handed,
            "took_ms": counts.took_ms,
        }
        if options["format"] == "json":
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write("  ".join(f"{name} {value}" for name, value in report.items()))
