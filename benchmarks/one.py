"""One database, all its measurements, in a process of its own: `python -m benchmarks.one --contacts N`.

The environment names an empty database. The last line printed is JSON: the measured lines.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator

import django
from django.core.management import call_command

from benchmarks.goals import Line, as_rows

Measure = Callable[[], Iterator[Line]]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--goals", nargs="*", default=[])
    given = parser.parse_args()
    django.setup()
    told(lambda: call_command("migrate", verbosity=0), "migrated")
    found: list[Line] = []
    for name, measure in measurements(given.contacts, given.rounds).items():
        if not given.goals or set(name.split()) & set(given.goals):
            told(lambda measure=measure: found.extend(measure()), name)  # type: ignore[misc]
    print(json.dumps(as_rows(found)))
    return 0


def measurements(contacts: int, rounds: int) -> dict[str, Measure]:
    """What can be measured here, by the goals it belongs to."""
    # After django.setup(): models are not there before.
    from benchmarks import criteria, ingest, population, queue, ticks  # noqa: PLC0415
    from journeys import db  # noqa: PLC0415

    database = "PostgreSQL" if db.is_postgres() else "SQLite"
    there = population.populate(contacts)
    return {
        "G1 G2": lambda: criteria.lines(there, database, rounds),
        "G4 G11": lambda: ticks.lines(there, database, rounds),
        "G11": lambda: queue.lines(database),
        "G8": lambda: ingest.lines(there, database, rounds),
    }


def told(work: Callable[[], object], name: str) -> None:
    """Do it and say on the side how long it took."""
    began = time.monotonic()
    work()
    print(f"  {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
