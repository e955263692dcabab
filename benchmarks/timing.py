"""Side by side: the variants of one measurement run in turns, and their medians are compared."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]


@dataclass(frozen=True)
class Timed:
    """Medians of one variant: wall and processor seconds of this process, what it answered."""

    wall: float
    cpu: float
    answer: object


def in_turns(variants: Mapping[str, Work], rounds: int) -> dict[str, Timed]:
    """A B C A B C …: `rounds` of each after one to warm up, so that neighbours disturb all alike."""
    for work in variants.values():
        work()
    walls: dict[str, list[float]] = {name: [] for name in variants}
    cpus: dict[str, list[float]] = {name: [] for name in variants}
    answers: dict[str, object] = {}
    for _round in range(rounds):
        for name, work in variants.items():
            cpu, wall = time.process_time(), time.perf_counter()
            answers[name] = work()
            walls[name].append(time.perf_counter() - wall)
            cpus[name].append(time.process_time() - cpu)
    return {n: Timed(median(walls[n]), median(cpus[n]), answers[n]) for n in variants}


def busy() -> float:
    """Load for each core over the last minute; above 3 nothing that is measured means anything."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)
