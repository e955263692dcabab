"""`manage.py write_key NAME`: a key for a system that sends facts (contracts 3)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from journeys import clock
from journeys.api import keys


class Command(BaseCommand):
    help = "Make (or renew) the source NAME and print its write key as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the system that will send facts")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        key = keys.make_key(name, clock.now())
        self.stdout.write(f"{name}: the key is shown once; an older key of this source is void.")
        self.stdout.write(key)
