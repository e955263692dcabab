"""Stories on real data begin at the front door: a file of calls, sent as an SDK would send it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.test import Client

from journeys.api.keys import make_key

MOST_BYTES = 450_000
MOST_CALLS = 10_000


def load_calls(client: Client, path: Path, source: str = "story") -> int:
    """POST a file of one JSON call a line to /v1/batch; how many were taken, which is all."""
    headers = basic(make_key(source, datetime.now(UTC)))
    taken = 0
    for batch in batches(path.read_text(encoding="utf-8").splitlines()):
        answer = send(client, batch, headers)
        assert answer["rejected"] == []
        assert "warnings" not in answer
        taken += answer["accepted"]
    return taken


def send(client: Client, lines: list[str], headers: dict[str, str]) -> dict[str, Any]:
    body = '{"batch":[' + ",".join(lines) + "]}"
    response = client.post("/v1/batch", body, content_type="text/plain", headers=headers)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def batches(lines: list[str]) -> Iterator[list[str]]:
    """As many lines as a body may hold."""
    batch: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode()) + 1
        if batch and (size + length > MOST_BYTES or len(batch) == MOST_CALLS):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += length
    if batch:
        yield batch


def basic(key: str) -> dict[str, str]:
    """The Authorization header of a write key."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
