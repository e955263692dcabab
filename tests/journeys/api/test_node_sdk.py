"""Segment's Node SDK, unmodified, against a running server (contracts 4)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from journeys.models import Account, Contact, Event, Inbox, Person
from tests.conftest import LEFT_OUT
from tests.doors import Door
from tests.journeys.api.proxy import BROKEN, BUSY, LOST, between

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]
HERE = Path(__file__).parent / "node"
PACKAGE = "@segment/analytics-node"


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The SDK as the lock file pins it, installed once into var/."""
    lock = (HERE / "package-lock.json").read_bytes()
    version = json.loads(lock)["packages"][f"node_modules/{PACKAGE}"]["version"]
    home = settings.VAR_DIR / "node" / f"analytics-node-{version}"
    package = home / "node_modules" / PACKAGE
    if not (package / "package.json").exists():
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, home / name)
        try:
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=home, check=True, capture_output=True, timeout=120,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            shutil.rmtree(home, ignore_errors=True)
            pytest.skip(f"{LEFT_OUT}{PACKAGE} {version} from npm")
    return package


def send(sdk: Path, host: str, key: str, **more: str) -> dict[str, Any]:
    """What the SDK says went wrong after its six calls."""
    env = {"PATH": os.environ["PATH"], "SDK": str(sdk), "HOST": host, "WRITE_KEY": key, **more}
    node = shutil.which("node") or "node"
    done = subprocess.run(
        [node, str(HERE / "send.cjs")],
        env=env, check=True, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def everything_is_there() -> None:
    assert Account.objects.get().name == "みなと製菓"
    assert set(Contact.objects.values_list("user_id", flat=True)) == {"okano", "okano.new"}
    assert Person.objects.count() == 1
    invoice = Event.objects.get(name="invoice.created")
    assert (invoice.product, invoice.properties) == ("app", {"amount": 3})
    assert invoice.account == Account.objects.get()
    page = Event.objects.get(name="page")
    assert (page.properties["category"], page.properties["name"]) == ("Docs", "Home")
    assert Inbox.objects.get().anonymous_id == "cookie"
    assert Event.objects.count() == 2


@pytest.mark.parametrize("batch", ["15", "1"])
def test_the_node_sdk_delivers_everything(live_server: Any, sdk: Path, batch: str) -> None:
    assert send(sdk, live_server.url, Door().key, BATCH=batch) == {"failed": []}
    everything_is_there()


def test_the_node_sdk_delivers_everything_once_through_answers_that_are_busy_broken_or_lost(
    live_server: Any, sdk: Path
) -> None:
    """I2: the same messageIds come again, also after an answer that never arrived."""
    with between(live_server.url, [BUSY, BROKEN, LOST]) as (address, seen):
        assert send(sdk, address, Door().key) == {"failed": []}
    assert seen.done == [BUSY, BROKEN, LOST, "pass"]
    batches = [[one["messageId"] for one in json.loads(body)["batch"]] for body in seen.bodies]
    assert batches == [batches[0]] * 4
    everything_is_there()


def test_the_node_sdk_learns_that_its_key_is_wrong(live_server: Any, sdk: Path) -> None:
    said = send(sdk, live_server.url, "wrong")
    assert len(said["failed"]) == 6
    assert not Event.objects.exists()
