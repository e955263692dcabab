"""`manage.py import_facts FILE [--dry-run]` (contracts 3): exit 2 and nothing written on a mistake."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from journeys import clock
from journeys.imports import commanding


class Command(BaseCommand):
    help = "Bring in facts that happened."

    def add_arguments(self, parser: CommandParser) -> None:
        commanding.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        commanding.run("facts", options, clock.now(), self.stdout, self.stderr)
