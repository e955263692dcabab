"""The HTTP door for facts, as tests knock at it."""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from journeys.api.keys import make_key

_numbers = itertools.count(1)


def call(type: str = "track", **more: Any) -> dict[str, Any]:
    """A good call: a fact of user u1 in account acme, unless it says otherwise."""
    good = {"type": type, "messageId": f"m-{next(_numbers)}", "userId": "u1", "event": "login"}
    return {**good, "context": {"groupId": "acme"}, **more}


@dataclass
class Door:
    client: Client = field(default_factory=Client)
    source: str = "test"

    def __post_init__(self) -> None:
        self.key = make_key(self.source, datetime.now(UTC))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """POST bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": self.basic(self.key)} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        return self.client.generic("POST", path, data, "text/plain", headers=sent)

    def batch(self, *calls: Any, **more: Any) -> dict[str, Any]:
        response = self.post("/v1/batch", {"batch": list(calls), **more})
        assert response.status_code == 200, response.content
        answer: dict[str, Any] = response.json()
        return answer

    def codes(self, *calls: Any) -> list[str]:
        """Why calls were rejected."""
        return [one["code"] for one in self.batch(*calls)["rejected"]]

    @staticmethod
    def basic(key: str) -> str:
        return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def error(response: Any) -> tuple[int, str]:
    """Status and code of an error answer, which has the contract's shape."""
    body = json.loads(response.content)
    assert set(body) == {"error"}
    assert body["error"].keys() - {"field", "index"} == {"code", "message"}
    return response.status_code, body["error"]["code"]
