"""`manage.py dev`: migrate, then web and worker in the foreground until Ctrl-C or SIGTERM."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from config.running import MANAGE, Tree, WorkerWatch
from journeys import clock, tasks


class Command(BaseCommand):
    help = "Web and worker for development, as one process tree."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-reload", action="store_true")
        parser.add_argument("--no-migrate", action="store_true", help="the database is up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_migrate"]:
            call_command("migrate", verbosity=0, interactive=False)
        clock.resume()
        tasks.ensure_schedule()
        web = [*MANAGE, "runserver", f"127.0.0.1:{options['port']}"]
        if options["no_reload"]:
            web.append("--noreload")
        tree = Tree({"web": web, "worker": [*MANAGE, "qcluster"]})
        connection.close()
        code = tree.run(WorkerWatch())
        clock.note_seen()
        sys.exit(code)
