"""What a storm is made of: the sink, the nurseries, the messages, and the judge's questions."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from django.conf import settings
from django.db import connection

from journeys import clock
from journeys.models import Contact, Message
from tests.journeys.messages import world

ROOT = Path(__file__).parents[2]
LEASE = 5
SLOTS = 3
Order = dict[str, Any]


@dataclass
class Rig:
    """A running sink and its files."""

    folder: Path
    port: int

    @property
    def ledger(self) -> Counter[str]:
        """Message-ID → copies the relay has taken."""
        return Counter(line.split()[0] for line in self._lines("ledger"))

    @property
    def bodies(self) -> set[tuple[str, str]]:
        return {(line.split()[0], line.split()[1]) for line in self._lines("ledger")}

    @property
    def faults(self) -> Counter[tuple[str, str]]:
        """(point, action) → how often it was done."""
        lines = (line.split() for line in self._lines("faults"))
        return Counter((point, action) for point, action, _pid in lines)

    def begin_anew(self) -> None:
        """Forget what earlier storms wrote (the sink appends, so it goes on in an empty file)."""
        for name in ("ledger", "faults"):
            path = self.folder / name
            if path.exists():
                os.truncate(path, 0)

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def environment(self) -> dict[str, str]:
        base = connection.settings_dict
        url = f"postgres://{base['USER']}:{base['PASSWORD']}@{base['HOST']}:{base['PORT']}/{base['NAME']}"
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url,
            "SECRET_KEY": settings.SECRET_KEY,
            "DEBUG": "",
            "EMAIL_URL": f"smtp://127.0.0.1:{self.port}",
            "SENDER_LEASE_SECONDS": str(LEASE),
            "FAULT_LOG": str(self.folder / "faults"),
        }


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    command = [sys.executable, "-m", "tests.faults.sink", str(folder / "ledger")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield Rig(folder, int(sink.stdout.readline()))
        finally:
            sink.terminate()


class Nursery:
    """One slot for senders: they live in it one after the other."""

    def __init__(self, rig: Rig) -> None:
        said = (rig.folder / "said").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.senders"], cwd=ROOT, env=rig.environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
        )  # fmt: skip
        said.close()

    def begin(self, order: Order) -> int:
        """Start a sender; its process id."""
        self._in.write(json.dumps(order) + "\n")
        self._in.flush()
        return int(json.loads(self._out.readline())["pid"])

    def end(self) -> dict[str, Any]:
        """Wait for its end; how it ended."""
        found: dict[str, Any] = json.loads(self._out.readline())
        return found

    def run(self, order: Order) -> dict[str, Any]:
        self.begin(order)
        return self.end()

    @property
    def _in(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def _out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def close(self) -> None:
        self._in.close()
        self.process.wait(timeout=30)
        self._out.close()


@contextmanager
def nurseries(rig: Rig, count: int = SLOTS) -> Iterator[list[Nursery]]:
    slots = [Nursery(rig) for _n in range(count)]
    try:
        yield slots
    finally:
        for slot in slots:
            slot.close()


def storm(slots: list[Nursery], orders: Iterable[Order]) -> list[dict[str, Any]]:
    """Let the ordered senders live and die, `SLOTS` at a time; how each ended."""
    waiting: SimpleQueue[Order] = SimpleQueue()
    for order in orders:
        waiting.put(order)

    def work(slot: Nursery) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            try:
                order = waiting.get_nowait()
            except Empty:
                return found
            found.append(slot.run(order) | {"plan": order["plan"]})

    with ThreadPoolExecutor(len(slots)) as pool:
        return [end for ends in pool.map(work, slots) for end in ends]


def recover(slot: Nursery, *, mutant: str = "", patience: float = 120) -> None:
    """Senders without faults, until leases have run out and nothing is left to send."""
    ends = time.monotonic() + patience
    while Message.objects.filter(state__in=("planned", "claimed")).exists():
        assert time.monotonic() < ends, "the backlog does not drain"
        slot.run({"plan": {}, "how": "once", "mutant": mutant, "batch": 10, "patience": 60})
        time.sleep(0.3)


def seed(name: str) -> int:
    """A new seed, or the one to be replayed; printed with the command that replays it."""
    found = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))  # noqa: S311
    print(f"replay: FAULT_SEED={found} python -m pytest tests/faults -k {name}")  # noqa: T201
    return found


def scale(count: int) -> int:
    """How many of something: FAULT_SCALE times the cut that runs for every change."""
    return int(count * float(os.environ.get("FAULT_SCALE", "1")))


def database() -> dict[str, Any]:
    """Where the tests' database is."""
    return {k: connection.settings_dict[k] for k in ("HOST", "PORT", "NAME", "USER")}


def pause(seconds: float) -> None:
    time.sleep(seconds)


def wait_for(condition: Callable[[], object], patience: float = 30) -> None:
    ends = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.05)


# --- messages and their judge -----------------------------------------------------------------------
def plan_messages(count: int, people: int = 100) -> None:
    """Released messages that may leave at any hour, to people of one account."""
    first = world.customer()
    contacts = [first, *(_colleague(first) for _n in range(people - 1))]
    letter, now = world.template(), clock.now()
    sample = world.message(first, letter, at_once=True)
    Message.objects.bulk_create(
        Message(
            **_columns(sample)
            | {"key": f"storm/{n}", "uid": uuid.uuid4(), "planned_at": now, "due_at": now,
               "released_at": now, "expires_at": now + timedelta(days=2),
               "contact_id": contacts[n % people].pk, "person_id": contacts[n % people].person_id,
               "to_address": contacts[n % people].email}
        )
        for n in range(count)
    )  # fmt: skip
    sample.delete()


def _columns(message: Message) -> dict[str, Any]:
    return {f.attname: getattr(message, f.attname) for f in Message._meta.concrete_fields[1:]}


def _colleague(first: Contact) -> Contact:
    """Another person of the same account."""
    number = next(world._count)
    person = type(first.person).objects.create(name="大西 恵子")
    email = f"storm{number}@minato.example"
    world.reach(person, email)
    return Contact.objects.create(
        user_id=f"storm{number}",
        account=first.account,
        person=person,
        name="大西 恵子",
        email=email,
    )


def message_id(message: Message) -> str:
    return f"<{message.uid}@mail.shimebi.example>"


def doubled(rig: Rig) -> dict[str, int]:
    """Mails of which the relay took more than one copy."""
    return {found: copies for found, copies in rig.ledger.items() if copies > 1}


def lost(rig: Rig) -> list[str]:
    """Messages that did not arrive and that nobody will look at any more."""
    kept = ("planned", "claimed", "handed", "uncertain")
    arrived = rig.ledger
    return [
        f"{message.key} {message.state} {message.reason}"
        for message in Message.objects.exclude(state__in=kept)
        if message_id(message) not in arrived
    ]
