"""Keys, health, metrics, and the description of it all."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from journeys import pulse
from journeys.models import Heartbeat, Inbox, Source
from tests.doors import Door, call, error

pytestmark = pytest.mark.django_db


# --- write_key --------------------------------------------------------------------------------
def write_key(name: str) -> str:
    out = StringIO()
    call_command("write_key", name, stdout=out)
    return out.getvalue().splitlines()[-1]


def test_write_key_prints_a_key_that_works_and_keeps_only_its_hash() -> None:
    key, door = write_key("product"), Door()
    door.key = key
    assert door.batch(call())["accepted"] == 1
    source = Source.objects.get(name="product")
    assert source.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert key.endswith(source.key_hint)


def test_write_key_again_renews_it() -> None:
    old, new = write_key("product"), write_key("product")
    door = Door()
    door.key = old
    assert error(door.post("/v1/batch", {"batch": []})) == (401, "invalid_key")
    door.key = new
    assert door.batch()["accepted"] == 0
    assert Source.objects.filter(name="product").count() == 1


def test_write_key_brings_a_revoked_source_back() -> None:
    write_key("product")
    Source.objects.update(revoked_at=timezone.now())
    door = Door()
    door.key = write_key("product")
    assert door.batch()["accepted"] == 0


# --- health -----------------------------------------------------------------------------------
def beat(role: str, seconds_ago: int) -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    Heartbeat.objects.create(role=role, process=role, began_at=at, at=at)


def healthz(query: str = "") -> tuple[int, dict[str, Any]]:
    response = Client().get(f"/healthz{query}")
    return response.status_code, response.json()


def test_healthz_is_200_when_web_and_database_answer() -> None:
    status, body = healthz()
    assert (status, body["status"], body["web"], body["database"]) == (200, "late", "ok", "ok")
    assert body["engine"] == {"status": "never_seen", "seen_at": None, "late_seconds": None}


@pytest.mark.parametrize(
    ("engine", "sender", "plain", "strict"),
    [(5, 5, 200, 200), (120, 5, 200, 503), (5, 120, 200, 503), (85, 85, 200, 200)],
)
def test_healthz_is_strict_about_engine_and_sender_only_when_asked(
    engine: int, sender: int, plain: int, strict: int
) -> None:
    """I19: a silent process is noticed after 90 s."""
    beat("engine", engine)
    beat("sender", sender)
    assert (healthz()[0], healthz("?strict")[0]) == (plain, strict)
    assert engine <= healthz()[1]["engine"]["late_seconds"] < engine + 5


def test_healthz_is_503_when_the_database_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(pulse, "pulses", away)
    assert healthz() == (503, {"status": "down", "web": "ok", "database": "down"})


def test_metrics_tell_how_late_everybody_is() -> None:
    beat("engine", 5)
    Inbox.objects.create(
        source="s", call={}, occurred_at=timezone.now(), received_at=timezone.now()
    )
    text = Client().get("/metrics").content.decode()
    assert 'junro_late_seconds{role="engine"} 5' in text
    assert "\njunro_waiting_calls 1\n" in text


# --- openapi ----------------------------------------------------------------------------------
def json_doors(patterns: Any, prefix: str = "") -> set[str]:
    """The /v1/ addresses of the installation, as far as they are written as `path`."""
    found: set[str] = set()
    for one in patterns:
        route = prefix + str(one.pattern).lstrip("^")
        if isinstance(one, URLResolver):
            found |= json_doors(one.url_patterns, route)
        elif isinstance(one, URLPattern) and route.startswith("v1/"):
            found.add(route)
    return found


def described(route: str, paths: list[str]) -> bool:
    start = "/" + route.split("(")[0].split("<")[0].rstrip("?$/").replace("\\", "")
    return any(path.startswith(start) for path in paths)


def test_openapi_describes_every_json_door() -> None:
    paths = list(Client().get("/v1/openapi.json").json()["paths"])
    assert {"/v1/batch", "/v1/track", "/v1/t", "/healthz"} <= set(paths)
    doors = json_doors(get_resolver().url_patterns)
    assert [door for door in sorted(doors) if not described(door, paths)] == []


def test_openapis_references_lead_somewhere() -> None:
    body = Client().get("/v1/openapi.json").json()
    schemas = body["components"]["schemas"]
    for name in references(body):
        assert name in schemas


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
        return own.union(*(references(one) for one in value.values()))
    return set().union(*(references(one) for one in value)) if isinstance(value, list) else set()
