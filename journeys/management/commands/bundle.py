"""`manage.py bundle plan|apply|export` (contracts 2): exit 0 valid, 2 invalid and nothing changed."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from ruamel.yaml import YAML

from journeys import bundle, clock
from journeys.publishing import PublishRefused


class Command(BaseCommand):
    help = "Plan, apply or export journeys as code."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for name in ("plan", "apply"):
            action = actions.add_parser(name)
            action.add_argument("files", nargs="+", type=Path, metavar="FILE")
            action.add_argument("--prune", action="store_true", help="retire what is not named")
            action.add_argument("--format", choices=("text", "json"), default="text")
        actions.add_parser("export").add_argument(
            "--format", choices=("yaml", "json"), default="yaml"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "export":
            self._export(options["format"])
            return
        found = bundle.read_files(options["files"])
        if options["action"] == "plan":
            planned = bundle.plan(found, clock.now(), prune=options["prune"])
            self._say(planned, options["format"])
            if planned.problems:
                sys.exit(2)
            return
        try:
            done = bundle.apply(found, clock.now(), prune=options["prune"])
        except PublishRefused as error:
            self._refuse(error, options["format"])
        else:
            self._say(done, options["format"])

    def _refuse(self, error: PublishRefused, form: str) -> None:
        if form == "json":
            problems = [asdict(p) for p in error.problems]
            self.stderr.write(json.dumps({"problems": problems}, ensure_ascii=False))
            sys.exit(2)
        raise CommandError(
            _("Nothing was changed.") + "\n" + "\n".join(str(p) for p in error.problems),
            returncode=2,
        )

    def _say(self, plan: bundle.Plan, form: str) -> None:
        if form == "json":
            self.stdout.write(json.dumps(asdict(plan), ensure_ascii=False))
            return
        for name in ("create", "update", "delete"):
            for what in getattr(plan, name):
                touched = plan.touches.get(what)
                self.stdout.write(f"{name:8}{what}" + (f"  ({touched})" if touched else ""))
        for problem in plan.problems:
            self.stdout.write(
                f"{problem['file']}:{problem['line']} {problem['path']}: {problem['message']}"
            )
        if not (plan.create or plan.update or plan.delete or plan.problems):
            self.stdout.write(_("Nothing to change."))

    def _export(self, form: str) -> None:
        found = bundle.export()
        if form == "json":
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
            return
        yaml = YAML()
        yaml.allow_unicode, yaml.width = True, 100
        text = io.StringIO()
        yaml.dump(found, text)
        self.stdout.write(text.getvalue(), ending="")
