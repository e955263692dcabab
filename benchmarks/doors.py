"""The least a door can do that keeps the same promise; only to be measured against (see ingest.py)."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

import orjson  # noqa: E402
from django.db import close_old_connections, connection, transaction  # noqa: E402

Start = Callable[[str, list[tuple[str, str]]], object]

POSTGRES = """
WITH raw AS (SELECT * FROM jsonb_to_recordset(%s::jsonb)
    AS r(m text, h text, u text, n text, t timestamptz, p jsonb)),
 fresh AS (INSERT INTO journeys_receipt (source, message_id, body_hash, received_at)
    SELECT 'bare', m, h, now() FROM raw ON CONFLICT DO NOTHING RETURNING message_id)
INSERT INTO journeys_event (uid, account_id, contact_id, product, name, occurred_at, received_at,
    properties, source, flags)
SELECT gen_random_uuid(), c.account_id, c.id, '', r.n, r.t, now(), r.p, 'bare', '[]'::jsonb
FROM raw r JOIN fresh f ON f.message_id = r.m
JOIN journeys_contact c ON c.user_id = r.u AND c.is_current"""


def bare(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Parse, one statement, commit, answer."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    calls = orjson.loads(body)["batch"]
    close_old_connections()
    (_on_postgres if connection.vendor == "postgresql" else _on_sqlite)(calls)
    answer = orjson.dumps({"success": True, "accepted": len(calls)})
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def _hash(call: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(call, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _on_postgres(calls: list[dict[str, Any]]) -> None:
    rows = [
        {"m": c["messageId"], "h": _hash(c), "u": c["userId"], "n": c["event"],
         "t": c["timestamp"], "p": c["properties"]}
        for c in calls
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(POSTGRES, [orjson.dumps(rows).decode()])


def _on_sqlite(calls: list[dict[str, Any]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        now = datetime.fromisoformat(calls[0]["timestamp"]).replace(tzinfo=None).isoformat(" ")
        cursor.executemany(
            "INSERT OR IGNORE INTO journeys_receipt (source, message_id, body_hash, received_at)"
            " VALUES ('bare', %s, %s, %s)",
            [(c["messageId"], _hash(c), now) for c in calls],
        )
        cursor.executemany(
            "INSERT INTO journeys_event (uid, account_id, contact_id, product, name, occurred_at,"
            " received_at, properties, source, flags)"
            " SELECT %s, account_id, id, '', %s, %s, %s, %s, 'bare', '[]'"
            " FROM journeys_contact WHERE user_id = %s AND is_current",
            [(uuid.uuid4().hex, c["event"], now, now, json.dumps(c["properties"]), c["userId"])
             for c in calls],
        )  # fmt: skip
