"""The process tree: whatever a child leaves behind is gone when the tree stops."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from config.running import Tree

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
