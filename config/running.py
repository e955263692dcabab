"""The process tree of a laptop: web and worker as children, all of them gone at the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from journeys import clock
from journeys.models import Heartbeat
from journeys.tasks import STOP_FILE

MANAGE = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
STALE_SECONDS = 90


@dataclass
class Tree:
    """Children by name. Each has its own session, so that a signal to us is passed on by us only.

    django-q2 must get SIGTERM on its main process alone: to the group it hangs.
    """

    commands: dict[str, list[str]]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: bool = False

    def __post_init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="junro-stop-")
        os.close(handle)
        self.stop_file = Path(name)
        self.stop_file.unlink()

    def start(self, name: str) -> None:
        env = os.environ | {STOP_FILE: str(self.stop_file)}
        self.children[name] = subprocess.Popen(  # noqa: S603 -- our own commands
            self.commands[name], env=env, start_new_session=True, stdin=subprocess.DEVNULL
        )

    def run(self, watch: Callable[[Tree], None]) -> int:
        """Start everything and stay until a signal or until a child ends by itself."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        for name in self.commands:
            self.start(name)
        try:
            while not self.stopping:
                time.sleep(0.3)
                watch(self)
                if code := self._ended_alone():
                    return code
        finally:
            self.stop()
        return 0

    def _ask_to_stop(self, *_args: object) -> None:
        self.stopping = True

    def _ended_alone(self) -> int:
        for name, child in self.children.items():
            if child.poll() is not None and not self.stopping:
                sys.stderr.write(f"“{name}” ended by itself (exit {child.returncode}).\n")
                return child.returncode or 1
        return 0

    def stop(self, patience: float = 12) -> None:
        """SIGTERM to each main process, then SIGKILL to whatever of its session is left."""
        self.stop_file.touch()
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + patience
        for child in self.children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, until - time.monotonic()))
            _kill_session(child.pid)
            child.wait()
        self.stop_file.unlink(missing_ok=True)

    def replace(self, name: str) -> None:
        """Put a new child in the place of one that no longer works."""
        _kill_session(self.children[name].pid)
        self.children[name].wait()
        self.start(name)


def _kill_session(pid: int) -> None:
    """End everything of a child's session, orphans included."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            session = (entry / "stat").read_text().rsplit(")", 1)[1].split()[3]
            if int(session) == pid:
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            continue


def watch_worker(tree: Tree) -> None:
    """Judge the worker by its effect: no heartbeat for long means a new worker (I19)."""
    now = time.monotonic()
    if now < getattr(tree, "next_look", 0):
        return
    tree.next_look = now + 15  # type: ignore[attr-defined]
    beat = Heartbeat.objects.filter(role="engine").first()
    age = (clock.machine() - beat.at).total_seconds() if beat else 0
    started = getattr(tree, "worker_since", None)
    if started is None:
        tree.worker_since = now  # type: ignore[attr-defined]
    elif age > STALE_SECONDS and now - started > STALE_SECONDS:
        sys.stderr.write(f"The worker was last seen {age:.0f} s ago; a new one takes over.\n")
        tree.replace("worker")
        tree.worker_since = now  # type: ignore[attr-defined]
