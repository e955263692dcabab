"""`manage.py catalogues`: collect, check and compile the texts of the interface."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import catalogues


class Command(BaseCommand):
    help = "Compile the interface texts; with --merge-parts collect them, with --check judge them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--merge-parts",
            action="store_true",
            help="carry locale/parts/*.po and new texts into locale/ja, drop unused texts",
        )
        parser.add_argument(
            "--check", action="store_true", help="exit 1 when a text has no Japanese translation"
        )

    def handle(self, *, merge_parts: bool, check: bool, **options: Any) -> None:
        if merge_parts:
            for conflict in catalogues.merge_parts():
                self.stderr.write(conflict)
        for path in catalogues.compile_stale():
            self.stdout.write(f"compiled {path.relative_to(catalogues.ROOT)}")
        if check:
            self._check()

    def _check(self) -> None:
        problems = catalogues.problems()
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} texts need a translator", returncode=1)
        self.stdout.write("every text has its translation")
