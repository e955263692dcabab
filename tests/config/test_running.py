"""The process tree: whatever a child leaves behind is gone when the tree stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from config.running import LOOK_SECONDS, MOST_SHORT_LIVES, STALE_SECONDS, Tree, WorkerWatch
from journeys.models import Heartbeat

ORPHAN = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def alive(session: int) -> list[str]:
    found = subprocess.run(
        ["ps", "-o", "stat=", "-s", str(session)], capture_output=True, text=True, check=False
    )
    return [line for line in found.stdout.split() if not line.startswith("Z")]


def started(code: str) -> tuple[Tree, int]:
    tree = Tree({"child": [sys.executable, "-c", code]})
    tree.start("child")
    time.sleep(0.7)
    return tree, tree.children["child"].pid


def test_a_childs_orphans_are_ended_with_it() -> None:
    tree, session = started(ORPHAN)
    assert len(alive(session)) == 2

    tree.stop()

    assert alive(session) == []


def test_a_child_that_does_not_listen_is_ended_all_the_same() -> None:
    tree, session = started(STUBBORN)

    tree.stop(patience=0.5)

    assert alive(session) == []


def test_a_running_sweep_is_asked_to_end_and_the_note_is_taken_away() -> None:
    tree, _session = started("import time; time.sleep(600)")
    note = Path(tree.stop_file)
    assert not note.exists()

    tree.stop()

    assert not note.exists()


def test_i19_a_worker_that_no_longer_works_is_replaced() -> None:
    tree, first = started("import time; time.sleep(600)")

    tree.replace("child")

    assert alive(first) == []
    assert tree.children["child"].pid != first
    tree.stop()


# --- who notices what -----------------------------------------------------------------------------
def waiting_tree(**commands: str) -> Tree:
    tree = Tree({name: [sys.executable, "-c", code] for name, code in commands.items()})
    for name in commands:
        tree.start(name)
    return tree


def look(tree: Tree) -> int:
    """What the tree does when it looks after its children."""
    return tree._ended_alone()


def test_i19_a_killed_worker_is_replaced_at_once_and_the_rest_stays() -> None:
    tree = waiting_tree(web=SLEEPS, worker=SLEEPS)
    web, worker = (tree.children[name].pid for name in ("web", "worker"))

    os.kill(worker, signal.SIGKILL)
    tree.children["worker"].wait()

    assert look(tree) == 0
    assert (tree.children["web"].pid, tree.children["worker"].pid != worker) == (web, True)
    tree.stop()


def test_a_worker_that_ends_whenever_it_begins_is_not_begun_for_ever() -> None:
    tree = waiting_tree(worker="raise SystemExit(3)")

    codes = []
    for _n in range(MOST_SHORT_LIVES):
        tree.children["worker"].wait()
        codes.append(look(tree))

    assert codes == [0] * (MOST_SHORT_LIVES - 1) + [3]
    tree.stop()


def test_a_web_process_that_ends_by_itself_ends_the_tree_with_its_code() -> None:
    tree = waiting_tree(web="raise SystemExit(3)")
    tree.children["web"].wait()

    assert look(tree) == 3
    tree.stop()


@pytest.mark.django_db
@pytest.mark.parametrize(("silent", "replaced"), [(80, True), (60, False)])
def test_i19_a_worker_that_was_stopped_is_replaced_within_ninety_seconds(
    silent: int, replaced: bool
) -> None:
    """A frozen process says nothing: it is judged by its heartbeat, the look included."""
    tree = waiting_tree(worker=SLEEPS)
    frozen = tree.children["worker"].pid
    os.kill(frozen, signal.SIGSTOP)
    watch = WorkerWatch()
    watch.worker_since -= 500
    at = timezone.now() - timedelta(seconds=silent)
    Heartbeat.objects.create(role="engine", process="x", began_at=at, at=at)

    watch(tree)

    assert (tree.children["worker"].pid != frozen) is replaced
    assert STALE_SECONDS + LOOK_SECONDS <= 90
    tree.stop(patience=0.5)
    assert alive(frozen) == []


SLEEPS = "import time; time.sleep(600)"
