"""A subject's place between 0 and 1, the same every time (architecture 5, contracts 2)."""

from __future__ import annotations

import hashlib


def bucket(salt: str, unit_key: str) -> float:
    """int(sha256(f"{salt}:{unit key}")[:16 hex], 16) / 2**64."""
    digest = hashlib.sha256(f"{salt}:{unit_key}".encode()).hexdigest()
    return int(digest[:16], 16) / 2**64
