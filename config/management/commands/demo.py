"""`manage.py demo --port N`: a world of its own under var/demo, seeded once, then web and worker."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Try the product: a made-up company with customers on their way."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--day", help="open the doors on another day of the story")

    def handle(self, *args: Any, **options: Any) -> None:
        port = str(options["port"])
        home = settings.BASE_DIR / "var" / "demo"
        home.mkdir(parents=True, exist_ok=True)
        # What the environment says about an installation is not meant for the demo.
        foreign = (
            "DATABASE_URL",
            "REDIS_URL",
            "EMAIL_URL",
            "SECRET_KEY",
            "SQLITE_FILE",
            "ALLOWED_HOSTS",
        )
        env = {k: v for k, v in os.environ.items() if k not in foreign}
        env |= {
            "JUNRO_VAR": str(home),
            "DEBUG": "1",
            "BASE_URL": f"http://localhost:{port}",
            "PYTHONUNBUFFERED": "1",
        }
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        day = ["--day", options["day"]] if options["day"] else []
        seed = [*manage, "seed_demo", *day]
        seeded = subprocess.run(seed, env=env, check=False)  # noqa: S603 -- ours
        if seeded.returncode:
            sys.exit(seeded.returncode)
        # The same process from here on, so that a signal to it ends everything.
        command = [*manage, "dev", "--no-reload", "--no-migrate", "--port", port]
        os.execve(sys.executable, command, env)  # noqa: S606 -- no shell is wanted
