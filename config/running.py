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

from journeys import pulse
from journeys.tasks import STOP_FILE

MANAGE = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
#: A silent worker is noticed within 90 s (I19), the look included.
STALE_SECONDS = 75
LOOK_SECONDS = 10
#: A worker that ends again and again as soon as it has begun is not begun for ever.
SHORT_LIFE, MOST_SHORT_LIVES = 20.0, 3


@dataclass
class Tree:
    """Children by name. Each has its own session, so that a signal to us is passed on by us only.

    django-q2 must get SIGTERM on its main process alone: to the group it hangs.
    """

    commands: dict[str, list[str]]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: bool = False
    began: dict[str, float] = field(default_factory=dict)
    short_lives: int = 0

    def __post_init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="junro-stop-")
        os.close(handle)
        self.stop_file = Path(name)
        self.stop_file.unlink()

    def start(self, name: str) -> None:
        self.began[name] = time.monotonic()
        env = os.environ | {STOP_FILE: str(self.stop_file)}
        self.children[name] = subprocess.Popen(  # noqa: S603 -- our own commands
            self.commands[name], env=env, start_new_session=True, stdin=subprocess.DEVNULL
        )

    def run(self, watch: Callable[[Tree], None]) -> int:
        """Start everything and stay until a signal, or until a child ends by itself for good."""
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
        """The exit code to end with; a worker that ended is replaced, unless it ends every time."""
        for name, child in list(self.children.items()):
            if child.poll() is None or self.stopping:
                continue
            sys.stderr.write(f"“{name}” ended by itself (exit {child.returncode}).\n")
            is_short = time.monotonic() - self.began[name] < SHORT_LIFE
            self.short_lives = self.short_lives + 1 if is_short else 0
            if name != "worker" or self.short_lives >= MOST_SHORT_LIVES:
                return child.returncode or 1
            self.replace(name)
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


class WorkerWatch:
    """Judges the worker by its effect: no heartbeat for long means a new worker (I19)."""

    def __init__(self) -> None:
        self.next_look = 0.0
        self.worker_since = time.monotonic()

    def __call__(self, tree: Tree) -> None:
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + LOOK_SECONDS
        silent = max((p.late_seconds or 0.0) for p in pulse.pulses().values())
        if min(silent, now - self.worker_since) > STALE_SECONDS:
            sys.stderr.write(
                f"The worker was last seen {silent:.0f} s ago; a new one takes over.\n"
            )
            tree.replace("worker")
            self.worker_since = now
