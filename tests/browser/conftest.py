"""What browser tests share: a server that has come to rest before the tables are emptied."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started


class Traffic:
    """Requests under way in this process, and when the last one came or went."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._moved = time.monotonic()

    def came(self, **_signal: Any) -> None:
        self._count(1)

    def went(self, **_signal: Any) -> None:
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._open += change
            self._moved = time.monotonic()

    def wait_for_rest(self, seconds: float = 0.5, patience: float = 10) -> None:
        """A page that closes sends what it still knows: nothing must be on its way any more."""
        ends = time.monotonic() + patience
        while self._open or time.monotonic() - self._moved < seconds:
            assert time.monotonic() < ends, "the server does not come to rest"
            time.sleep(0.05)


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    """Emptying the tables while a view still writes would dead-lock on PostgreSQL."""
    watched = Traffic()
    request_started.connect(watched.came)
    request_finished.connect(watched.went)
    yield watched
    request_started.disconnect(watched.came)
    request_finished.disconnect(watched.went)
