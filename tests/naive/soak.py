"""The long form of the random worlds, with new seeds each time: `python -m tests.naive.soak MINUTES`.

Runs the tests in a process of its own, on the database DATABASE_URL names, round after round; each
round prints its seed and what replays it. Imports nothing of the product.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

TESTS = "tests/journeys/conditions/test_naive.py"
WORLDS = 200


def main(minutes: float = 10) -> int:
    """Rounds until the time is over; 0 when all agreed, else the exit code of the round that failed."""
    until = time.monotonic() + minutes * 60
    rounds = 0
    while rounds == 0 or time.monotonic() < until:
        seed = random.SystemRandom().randrange(2**32)
        rounds += 1
        command = [sys.executable, "-m", "pytest", "-q", "-x", f"--hypothesis-seed={seed}", TESTS]
        replay = f"POPULATIONS={WORLDS} python -m pytest --hypothesis-seed={seed} {TESTS}"
        sys.stdout.write(f"conditions, round {rounds}: {replay}\n")
        sys.stdout.flush()
        code = subprocess.run(
            command, env=os.environ | {"POPULATIONS": str(WORLDS)}, check=False
        ).returncode
        if code:
            sys.stderr.write(f"they disagree; to see it again: {replay}\n")
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
