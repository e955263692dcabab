"""What a newcomer does: clone, `make test`, `make demo`, stop, start again. Needs only Python.

`python tests/clean_clone.py [--without-tests]` clones the commit that is checked out, forgets
every service the environment names, and prints one line a check; the last line counts them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATABASE = Path("var/demo/db.sqlite3")
PAGES = ("/", "/admin/login/", "/cms/login/", "/healthz")
# Rows that tell of the looking, not of the product.
VOLATILE = ("django_session", "django_q_", "sqlite_")
FORGOTTEN = [
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "BASE_URL",
    "TIME_ZONE",
    "SQLITE_FILE",
    "JUNRO_VAR",
    "TEST_DB_SUFFIX",
    "DJANGO_SETTINGS_MODULE",
    "VIRTUAL_ENV",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
]
FIRST_START, NEXT_START, TO_END = 900, 120, 30  # seconds


class Checks:
    """Results, said as they come."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, name: str, *, holds: bool, detail: object = "") -> None:
        self.passed += holds
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {name} {detail}".rstrip(), flush=True)


def main() -> int:
    checks = Checks()
    environment = {k: v for k, v in os.environ.items() if k not in FORGOTTEN}
    with tempfile.TemporaryDirectory(prefix="junro-clone-") as folder:
        clone = Path(folder) / "junro"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        if "--without-tests" not in sys.argv:
            run = subprocess.run(["make", "test"], cwd=clone, env=environment, check=False)
            checks.check("make test", holds=run.returncode == 0, detail=f"exit {run.returncode}")
            shutil.rmtree(clone / ".venv", ignore_errors=True)
        demo_twice(checks, clone, environment)
    print(f"clone: {checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def demo_twice(checks: Checks, clone: Path, environment: dict[str, str]) -> None:
    """Start from nothing and end by Ctrl-C, start again and end by SIGTERM to make."""
    with demo(checks, clone, environment, FIRST_START, "first start") as (make, port):
        pages_answer(checks, port)
        stop(checks, clone, make, "Ctrl-C", lambda: os.killpg(make.pid, signal.SIGINT))
    first = row_counts(clone / DATABASE)
    checks.check("the demo has rows", holds=sum(first.values()) > 0, detail=sum(first.values()))
    with demo(checks, clone, environment, NEXT_START, "second start") as (make, port):
        second = row_counts(clone / DATABASE)
        changed = {
            table: (first.get(table), second.get(table))
            for table in first.keys() | second.keys()
            if first.get(table) != second.get(table)
        }
        checks.check("the second start changes no row count", holds=not changed, detail=changed)
        pages_answer(checks, port)
        stop(checks, clone, make, "SIGTERM", lambda: make.send_signal(signal.SIGTERM))


@contextmanager
def demo(
    checks: Checks, clone: Path, environment: dict[str, str], patience: float, name: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`make demo` on a free port, up and answering; whatever happens, nothing is left behind."""
    port = free_port()
    begun = time.monotonic()
    make = subprocess.Popen(
        ["make", "demo", f"PORT={port}"],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        up = wait_until(lambda: answers(port, "/healthz") == 200, patience, make)
        checks.check(name, holds=up, detail=f"{time.monotonic() - begun:.0f} s")
        yield make, port
    finally:
        for pid in living_in(clone):
            os.kill(pid, signal.SIGKILL)
        make.wait()


def pages_answer(checks: Checks, port: int) -> None:
    for page in PAGES:
        status = answers(port, page)
        checks.check(f"GET {page}", holds=status == 200, detail=status)


def stop(
    checks: Checks, clone: Path, make: subprocess.Popen[bytes], name: str, send: Callable[[], None]
) -> None:
    begun = time.monotonic()
    with suppress(ProcessLookupError):  # a demo that never came up
        send()
    gone = wait_until(lambda: make.poll() is not None and not living_in(clone), TO_END)
    detail = f"{time.monotonic() - begun:.0f} s" if gone else living_in(clone)
    checks.check(f"{name} ends every process", holds=gone, detail=detail)


def wait_until(
    holds: Callable[[], bool], patience: float, make: subprocess.Popen[bytes] | None = None
) -> bool:
    """Ask until it holds; gives up after `patience` seconds or when make has ended."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if holds():
            return True
        if make is not None and make.poll() is not None:
            return False
        time.sleep(0.25)
    return False


def answers(port: int, path: str) -> int | str:
    """The status after redirects, or the reason why there is none. Proxies are not asked."""
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
    )
    try:
        with browser.open(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return int(answer.status)
    except OSError as error:
        return getattr(error, "code", None) or str(error)


def living_in(folder: Path) -> list[int]:
    """Processes that work in the folder, however they are parented by now."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            inside = (entry / "cwd").readlink().is_relative_to(folder)
            alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            continue
        if inside and alive:
            found.append(int(entry.name))
    return found


def row_counts(database: Path) -> dict[str, int]:
    if not database.exists():
        return {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        names = [
            n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 -- no parameter can name a table
            for name in names
            if not name.startswith(VOLATILE)
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
