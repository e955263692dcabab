"""contracts 3 and 4: the loops, /healthz, /metrics."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from journeys import pulse
from journeys.models import Heartbeat, Hold, Tick

ROOT = Path(__file__).parents[2]
ROLES = ("engine", "sender")


def seen(role: str, seconds_ago: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    Heartbeat.objects.create(role=role, process=role, began_at=at, at=at)


@pytest.mark.django_db
def test_healthz_is_200_when_web_and_database_answer_lateness_of_engine_and_sender_in_the_body() -> (
    None
):
    seen("engine", 400)
    seen("sender", 3)

    answer = Client().get("/healthz")

    body = answer.json()
    assert (answer.status_code, body["web"], body["database"]) == (200, "ok", "ok")
    assert (body["engine"]["status"], body["sender"]["status"]) == ("late", "ok")
    assert 400 <= body["engine"]["late_seconds"] < 410
    assert (body["version"], body["sending"]) == (settings.VERSION, "ok")


@pytest.mark.django_db
@pytest.mark.parametrize("late", ROLES)
def test_strict_answers_503_for_them(late: str) -> None:
    for role in ROLES:
        seen(role, 400 if role == late else 3)

    assert Client().get("/healthz?strict").status_code == 503
    assert Client().get("/healthz").status_code == 200


@pytest.mark.django_db
def test_the_newest_of_several_processes_counts() -> None:
    """A process that ended long ago does not make a role late."""
    seen("engine", 4000)
    pulse.beat("engine")
    pulse.beat("sender")

    assert Client().get("/healthz?strict").status_code == 200
    assert pulse.pulses()["engine"].processes == 1


@pytest.mark.django_db
def test_metrics_speak_the_format_of_prometheus() -> None:
    pulse.beat("engine")
    Hold.objects.create(why="restored", from_at=timezone.now())
    Tick.objects.create(at=timezone.now(), took_ms=250)

    answer = Client().get("/metrics")

    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    assert told['junro_processes{role="engine"}'] == "1"
    assert (told["junro_sending_held"], told["junro_tick_seconds"]) == ("1", "0.25")
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {name.partition("{")[0] for name in told} <= named


@pytest.mark.django_db
def test_the_web_process_never_ticks() -> None:
    for address in ("/healthz?strict", "/metrics", "/"):
        Client().get(address)

    assert (Tick.objects.count(), Heartbeat.objects.count()) == (0, 0)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("command", "role"), [("run_engine", "engine"), ("run_sender", "sender")])
def test_run_engine_and_run_sender_are_loops_that_sigterm_ends_cleanly(
    command: str, role: str, tmp_path: Path
) -> None:
    """Also: a heartbeat a process, and one JSON object a line in the log."""
    child = subprocess.Popen(
        [sys.executable, "manage.py", command], cwd=ROOT, env=environment(tmp_path),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_for(lambda: Heartbeat.objects.filter(role=role, pid=child.pid).exists())
    finally:
        child.send_signal(signal.SIGTERM)
        _out, said = child.communicate(timeout=30)

    assert child.returncode == 0
    assert [line for line in said.splitlines() if not json.loads(line)["at"]] == []


def environment(folder: Path) -> dict[str, str]:
    """An installation on the tests' own database."""
    from django.db import connection  # noqa: PLC0415 -- its name is the test's

    base = connection.settings_dict
    where = {"SQLITE_FILE": str(base["NAME"])}
    if connection.vendor == "postgresql":
        where = {
            "DATABASE_URL": f"postgres://{base['USER']}:{base['PASSWORD']}@{base['HOST']}:"
            f"{base['PORT']}/{base['NAME']}"
        }
    return os.environ | where | {
        "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": settings.SECRET_KEY,
        "DEBUG": "", "JUNRO_VAR": str(folder), "EMAIL_URL": "smtp://127.0.0.1:9",
        "LOG_FORMAT": "json",
    }  # fmt: skip


def wait_for(condition: object, patience: float = 60) -> None:
    import time  # noqa: PLC0415 -- here only

    ends = time.monotonic() + patience
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.2)
