"""`make bench`: every goal on every database there is, a table at the end, exit 1 when one is missed.

    python -m benchmarks [--contacts 100000] [--rounds 5] [--goals G1 G4] [--growth] [--write]

SQLite always; PostgreSQL where BENCH_SERVER (default postgres://postgres@127.0.0.1:5432) answers.
`--growth` asks G1 and G2 again with ten times the contacts. `--write` keeps the table in README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks.goals import Line, table
from benchmarks.timing import busy

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "benchmarks" / "README.md"
MARK = "<!-- measured -->"
SERVER = os.environ.get("BENCH_SERVER", "postgres://postgres@127.0.0.1:5432")
NAME = f"junro_bench_{os.getpid()}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--goals", nargs="*", default=[])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if busy() > 3:
        print("Other work keeps this machine busy: nothing measured now would mean anything.")
        return 1
    found = [line for name in ("SQLite", "PostgreSQL") for line in measured(name, given)]
    print(table(found))
    if given.write:
        text = README.read_text()
        README.write_text(text[: text.index(MARK)] + f"{MARK}\n\n{table(found)}\n")
    return 0 if found and all(line.holds for line in found) else 1


def measured(database: str, given: argparse.Namespace) -> list[Line]:
    """All goals on one database; nothing where it does not answer."""
    found = one_size(database, given, given.contacts, given.goals)
    if not given.growth or not found:
        return found
    larger = one_size(database, given, given.contacts * 10, ["G1", "G2"])
    small, large = (next(ln for ln in lines if ln.goal == "G2") for lines in (found, larger))
    growth = replace(large, what=f"an account at {given.contacts * 10:,} beside {given.contacts:,}",
                     measured=large.measured / small.measured, wanted=1.2, unit="x")  # fmt: skip
    return [*found, *larger, growth]


def one_size(
    database: str, given: argparse.Namespace, contacts: int, goals: list[str]
) -> list[Line]:
    with fresh(database) as told:
        if told is None:
            print("PostgreSQL does not answer: left out.", file=sys.stderr)
            return []
        print(f"{database}, {contacts:,} contacts", file=sys.stderr, flush=True)
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.one", "--contacts", str(contacts),
             "--rounds", str(given.rounds), *(["--goals", *goals] if goals else [])],
            cwd=ROOT, env=os.environ | told, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return [Line(**row) for row in json.loads(run.stdout.splitlines()[-1])]


@contextmanager
def fresh(database: str) -> Iterator[dict[str, str] | None]:
    """What names an empty database to a child process; None where there is no server."""
    told = {"DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "bench", "REDIS_URL": ""}
    if database == "SQLite":
        with tempfile.TemporaryDirectory(prefix="junro-bench-") as folder:
            yield told | {"SQLITE_FILE": f"{folder}/bench.sqlite3", "DATABASE_URL": ""}
        return
    try:
        server = psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield None
        return
    with server:
        server.execute(f"CREATE DATABASE {NAME}")
        try:
            yield told | {"DATABASE_URL": f"{SERVER}/{NAME}"}
        finally:
            server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


if __name__ == "__main__":
    sys.exit(main())
