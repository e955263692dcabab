"""`manage.py import_customers FILE [--dry-run]` (contracts 3): exit 2 and nothing written on a mistake."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from journeys import clock
from journeys.imports import commanding


class Command(BaseCommand):
    help = "Bring in customers, their people and contracts; contracts may stand mid-way in a stage."

    def add_arguments(self, parser: CommandParser) -> None:
        commanding.add_arguments(parser)
        parser.add_argument(
            "--start-journeys",
            action="store_true",
            help="whoever is placed in a stage begins its journeys at the next tick",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        commanding.run("customers", options, clock.now(), self.stdout, self.stderr)
