"""`make soak`: faults, races and random worlds many times larger, with new seeds each round, for hours.

    python -m benchmarks.soak [--hours 6] [--scale 10] [--only EXPRESSION]

Needs PostgreSQL (DATABASE_URL, or BENCH_SERVER, default postgres://postgres@127.0.0.1:5432). A round
is the whole fault programme, the races, the invariants and the random worlds of conditions at
`--scale` times the cut that runs for every change. The first failure ends it: its seed and the command that replays it are printed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SERVER = os.environ.get("BENCH_SERVER", "postgres://postgres@127.0.0.1:5432")
NAME = f"junro_soak_{os.getpid()}"
TESTS = (
    "tests/faults",
    "tests/invariants",
    "tests/journeys/messages/test_races.py",
    "tests/journeys/conditions/test_naive.py",
    "tests/stories/test_arrival_orders.py",
)
WORLDS = 40  # populations of a change's own cut


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--hours", type=float, default=6)
    parser.add_argument("--scale", type=float, default=10)
    parser.add_argument("--only", default="", help="as pytest -k")
    asked = parser.parse_args()
    ends = time.monotonic() + asked.hours * 3600
    with database() as url:
        for number in range(1, 1_000_000):
            seed = random.SystemRandom().randrange(10**6)
            began = time.monotonic()
            print(f"round {number}: FAULT_SEED={seed} FAULT_SCALE={asked.scale:g}", flush=True)
            if code := one_round(url, seed, asked.scale, asked.only):
                print(f"round {number} failed; replay it with:")
                print(
                    f"  FAULT_SEED={seed} python -m benchmarks.soak --hours 0 --scale {asked.scale:g}"
                )
                return code
            print(
                f"round {number}: {(time.monotonic() - began) / 60:.1f} min, nothing lost or doubled"
            )
            if time.monotonic() > ends:
                return 0
    return 0


def one_round(url: str, seed: int, scale: float, only: str) -> int:
    """pytest's exit code. A seed from the environment is replayed instead of a new one."""
    env = os.environ | {"DATABASE_URL": url, "FAULT_SCALE": str(scale)}
    env.setdefault("FAULT_SEED", str(seed))
    env.setdefault("POPULATIONS", str(max(1, int(WORLDS * scale))))
    worlds = f"--hypothesis-seed={env['FAULT_SEED']}"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-rN", worlds, *TESTS]
    if only:
        command += ["-k", only]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


@contextmanager
def database() -> Iterator[str]:
    """A database of our own, unless DATABASE_URL names one."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {NAME}".encode())
        try:
            yield f"{SERVER}/{NAME}"
        finally:
            for name in (f"test_{NAME}", NAME):
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


if __name__ == "__main__":
    sys.exit(main())
