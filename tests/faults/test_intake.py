"""I1: what was answered 200 is in the table, whoever was killed and whichever line was cut.

Short form by default; FAULT_ROUNDS (kills and cuts, 24) and FAULT_SEED make it longer or the same.
"""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from journeys.api.keys import make_key
from journeys.models import Contact, Event, Receipt
from tests.conftest import NOW

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
ROOT = Path(__file__).parents[2]
SENDERS, BATCH = 4, 5


@pytest.fixture
def web() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Two web workers under their master, as in production, on the tests' database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = connection.settings_dict
    url = (
        f"postgres://{base['USER']}:{base['PASSWORD']}@{base['HOST']}:{base['PORT']}/{base['NAME']}"
    )
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": url,
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi",
        "--preload",  # a new worker is there at once
        "--graceful-timeout",
        "2",
        "-w",
        "2",
        "-b",
        f"127.0.0.1:{port}",
    ]
    process = subprocess.Popen([*command, "--log-level", "critical"], cwd=ROOT, env=env)
    try:
        _wait_for(port)
        yield port, process
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as line:
            try:
                line.request("GET", "/v1/openapi.json")
                if line.getresponse().status == 200:
                    return
            except (OSError, HTTPException):
                time.sleep(0.2)
    raise AssertionError("the web process did not come up")


class Sender(threading.Thread):
    """Sends batches, each until it is answered 200, and keeps the list of what was promised."""

    def __init__(self, number: int, port: int, key: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.number, self.port, self.stop = number, port, stop
        self.head = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
        self.promised: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        batch = 0
        while not self.stop.is_set():
            ids = [f"{self.number}-{batch}-{n}" for n in range(BATCH)]
            calls = [self._call(one) for one in ids]
            while not self._send({"batch": calls}):
                time.sleep(0.05)
            self.promised += ids
            batch += 1

    def _call(self, message_id: str) -> dict[str, Any]:
        return {
            "type": "track",
            "messageId": message_id,
            "userId": f"u{self.number}",
            "context": {"groupId": "acme"},
            "event": "kept",
            "properties": {"id": message_id},
        }

    def _send(self, body: dict[str, Any]) -> bool:
        """Whether all of it was promised; everything else is sent again."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            line.request("POST", "/v1/batch", json.dumps(body), self.head)
            answer = line.getresponse()
            said = json.loads(answer.read())
        except (OSError, HTTPException, ValueError) as error:
            self.failures.append(type(error).__name__)
            return False
        finally:
            line.close()
        if answer.status == 200 and said["accepted"] + said["duplicates"] == len(body["batch"]):
            return True
        self.failures.append(str(answer.status))
        return False


def kill_a_worker(master: int, chance: random.Random) -> None:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    if children:
        os.kill(int(chance.choice(children)), signal.SIGKILL)


def cut_a_line(chance: random.Random) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        pids = [pid for (pid,) in cursor.fetchall()]
        if pids:
            cursor.execute("SELECT pg_terminate_backend(%s)", [chance.choice(pids)])


def go_on(senders: list[Sender]) -> None:
    """Wait for a promise to be made: a worker that was killed needs its time to come back."""
    before, until = [len(sender.promised) for sender in senders], time.monotonic() + 20
    while [len(sender.promised) for sender in senders] == before:
        assert time.monotonic() < until, "nothing is answered any more"
        time.sleep(0.01)


def test_i1_what_was_answered_200_is_there_whoever_was_killed(
    web: tuple[int, subprocess.Popen[bytes]],
) -> None:
    port, master = web
    seed = os.environ.get("FAULT_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"FAULT_SEED={seed}")  # noqa: T201 -- pytest shows it with a failure
    chance = random.Random(seed)  # noqa: S311
    key, stop = make_key("storm", NOW), threading.Event()
    senders = [Sender(number, port, key, stop) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _round in range(int(os.environ.get("FAULT_ROUNDS", "24")) // 2):
        for harm in (lambda: kill_a_worker(master.pid, chance), lambda: cut_a_line(chance)):
            go_on(senders)
            time.sleep(chance.uniform(0, 0.3))
            harm()
    go_on(senders)
    stop.set()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
    promised = [one for sender in senders for one in sender.promised]
    kept = list(Event.objects.filter(name="kept").values_list("properties__id", flat=True))
    assert sorted(kept) == sorted(promised)  # each once, although many were sent twice (I2)
    assert Receipt.objects.filter(source="storm").count() == len(promised)
    assert Contact.objects.count() == SENDERS
    assert sum(len(sender.failures) for sender in senders) > 0, "the storm hit nobody"


def test_i1_a_commit_waits_for_the_disk() -> None:
    """synchronous_commit=off would lose what a crashed server had promised."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)
