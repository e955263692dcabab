"""G8: the events door under batches of 100, against a bare WSGI door and against ninja + bulk_create.

All three are served by gunicorn with two workers and take the same bytes. `bare` does by hand the
least that keeps the promise of the door: a receipt once, the account and the contact looked up, the
event written, committed before the answer.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from django.db import connection

from benchmarks.goals import Line
from benchmarks.population import NOW, Population
from journeys.api.keys import make_key
from journeys.models import Event, Receipt

BATCH, BATCHES, LANES = 100, 60, 4
DOORS = {
    "ours": "config.wsgi:application",
    "bare": "benchmarks.doors:bare",
    "ninja": "benchmarks.ninja_door:application",
}


@dataclass
class Door:
    """A running server and where its batches go."""

    port: int
    pid: int
    key: str
    path: str = "/v1/batch"

    def cpu(self) -> float:
        """Processor seconds of the server and its workers so far."""
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        ticks = sum(_ticks(int(pid)) for pid in [str(self.pid), *children])
        return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def lines(population: Population, database: str, rounds: int) -> Iterator[Line]:
    """Ratios of events a second, and that a replay writes nothing."""
    key = make_key("bench", NOW)
    took: dict[str, list[float]] = {name: [] for name in DOORS}
    cpu: dict[str, list[float]] = {name: [] for name in DOORS}
    with _all_open(key) as doors:
        for round_ in range(rounds + 1):
            for name, door in doors.items():
                wall, used = _filled(door, f"{name}{round_}", population)
                if round_:  # the first one warms up
                    took[name].append(wall)
                    cpu[name].append(used)
        assert _replayed(doors["ours"], f"ours{rounds}", population) == 0
    rate = {name: BATCH * BATCHES / median(walls) for name, walls in took.items()}
    work = {name: median(used) for name, used in cpu.items()}
    detail = ", ".join(f"{name} {per:,.0f}/s" for name, per in rate.items())
    yield Line(
        "G8",
        database,
        "events a second against a bare door",
        rate["ours"] / rate["bare"],
        0.8,
        detail=detail,
    )
    yield Line("G8", database, "processor time against a bare door", work["bare"] / work["ours"], 0.6,
               detail=", ".join(f"{name} {used:.2f} s" for name, used in work.items()))  # fmt: skip
    yield Line(
        "G8",
        database,
        "events a second against ninja + bulk_create",
        rate["ours"] / rate["ninja"],
        3,
    )
    yield Line("G8", database, "rows written by a replay", 0, 0, unit="", at_most=True)


@contextmanager
def _all_open(key: str) -> Iterator[dict[str, Door]]:
    servers = {name: _serve(app) for name, app in DOORS.items()}
    try:
        yield {name: Door(port, server.pid, key) for name, (server, port) in servers.items()}
    finally:
        for server, _port in servers.values():
            server.send_signal(signal.SIGTERM)
        for server, _port in servers.values():
            server.wait(timeout=30)


def _serve(app: str) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    settings = connection.settings_dict
    told = os.environ | {"ALLOWED_HOSTS": "127.0.0.1", "DEBUG": ""}
    if connection.vendor == "sqlite":
        told["SQLITE_FILE"] = str(settings["NAME"])
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-w2", "-k", "gthread", "--threads=4", "--log-level=error",
         "-b", f"127.0.0.1:{port}", app],
        env=told,
    )  # fmt: skip
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return server, port
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{app} does not answer")


def _bodies(prefix: str, population: Population) -> list[bytes]:
    return [
        json.dumps(
            {"batch": [_call(f"{prefix}-{b}-{n}", b * BATCH + n, population) for n in range(BATCH)]}
        ).encode()
        for b in range(BATCHES)
    ]


def _call(message_id: str, n: int, population: Population) -> dict[str, object]:
    contact = n * 7919 % population.contacts + 1
    return {
        "type": "track", "messageId": message_id, "userId": f"u{contact}",
        "event": "invoice.created", "timestamp": NOW.isoformat(),
        "properties": {"amount": n, "currency": "JPY"},
    }  # fmt: skip


def _filled(door: Door, prefix: str, population: Population) -> tuple[float, float]:
    """Seconds of wall and of the server's processor for all batches; checked in the tables."""
    before = Event.objects.count()
    bodies = _bodies(prefix, population)
    cpu, wall = door.cpu(), time.perf_counter()
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lambda lane: _lane(door, bodies[lane::LANES]), range(LANES)))
    spent = time.perf_counter() - wall, door.cpu() - cpu
    assert Event.objects.count() - before == BATCH * BATCHES, prefix
    return spent


def _lane(door: Door, bodies: list[bytes]) -> None:
    line = http.client.HTTPConnection("127.0.0.1", door.port)
    secret = base64.b64encode(f"{door.key}:".encode()).decode()
    head = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
    for body in bodies:
        line.request("POST", door.path, body, head)
        answer = line.getresponse()
        said = answer.read()
        assert answer.status == 200, said
    line.close()


def _replayed(door: Door, prefix: str, population: Population) -> int:
    before = Event.objects.count(), Receipt.objects.count()
    for body in _bodies(prefix, population)[:3]:
        _lane(door, [body])
    return Event.objects.count() + Receipt.objects.count() - sum(before)
