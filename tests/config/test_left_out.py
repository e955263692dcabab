"""A test this machine cannot run is named at the end, never passed over in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = """
import pytest

@pytest.mark.node
def test_with_node(): pass

@pytest.mark.browser
def test_with_browser(): pass

def test_with_nothing(): pass
"""


def test_what_is_left_out_is_named_with_what_it_needs(tmp_path: Path):
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-q"]
    command += ["-p", "tests.conftest", str(tmp_path / "test_sample.py")]

    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "test_with_node: node" in run.stdout
    assert "test_with_browser: Chromium" in run.stdout
    assert "1 passed, 2 skipped" in run.stdout
