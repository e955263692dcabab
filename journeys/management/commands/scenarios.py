"""`manage.py scenarios`: the saved rehearsals, one a line; as documents with `--format json`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from journeys.models import Scenario


class Command(BaseCommand):
    help = "List the saved rehearsals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        saved = list(Scenario.objects.all())
        if options["format"] == "json":
            documents = [scenario.document for scenario in saved]
            self.stdout.write(json.dumps(documents, ensure_ascii=False))
            return
        for scenario in saved:
            said = scenario.document
            when = said.get("span") or f"{said.get('from', '')} {said.get('to', '')}".strip()
            parts = (scenario.key, said["journey"], said["kind"], when, scenario.name)
            self.stdout.write("  ".join(part for part in parts if part))
        if not saved:
            self.stdout.write(_("No rehearsal is saved; a bundle brings them under “scenarios”."))
