"""The running product, as somebody starts it: real processes, a port of their own, gone at the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOREIGN = (
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "SECRET_KEY",
    "BASE_URL",
    "DJANGO_SETTINGS_MODULE",
)
SEED_SECONDS, START_SECONDS, STOP_SECONDS = 420, 90, 30


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def environment(home: Path, **more: str) -> dict[str, str]:
    """Only what a person's shell would have, and files below `home`."""
    kept = {k: v for k, v in os.environ.items() if k not in FOREIGN}
    return kept | {"JUNRO_VAR": str(home), "DEBUG": "1", "PYTHONUNBUFFERED": "1"} | more


def manage(*args: str, env: Mapping[str, str]) -> None:
    """One command to its end; its words when it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=SEED_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@contextmanager
def running(*args: str, port: int, env: Mapping[str, str], log: Path) -> Iterator[str]:
    """A foreground command that serves `port`; ended by SIGTERM, and nothing of it is left."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "manage.py", *args, "--port", str(port)],
            cwd=ROOT, env=env, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_until_it_answers(port, child, log)
            yield f"http://localhost:{port}"
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(STOP_SECONDS)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)


def _wait_until_it_answers(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SEED_SECONDS + START_SECONDS
    while time.monotonic() < until:
        assert child.poll() is None, log.read_text()[-4000:]
        with suppress(OSError):
            urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=5).close()
            return
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-4000:])
