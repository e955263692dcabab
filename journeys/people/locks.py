"""Two batches about the same people wait for each other (PostgreSQL; SQLite has one writer)."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from django.db import connection

from journeys import db
from journeys.people.calls import Call
from journeys.permission import normalise_address

# Few enough that the largest batches fit the server's lock table, taken in order: no deadlock.
BUCKETS = 128
PEOPLE = 0x6A756E  # the number space of these locks


def lock(calls: Iterable[Call], anonymous_ids: Iterable[str] = ()) -> None:
    """Hold whoever these calls name, and who is behind these ids, until the transaction ends."""
    if not db.is_postgres():
        return
    names = {name for call in calls for name in _names(call)}
    names.update(f"n:{anonymous_id}" for anonymous_id in anonymous_ids)
    buckets = sorted({crc32(name.encode()) % BUCKETS for name in names})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_advisory_xact_lock(%s, bucket)) FROM unnest(%s::int[]) AS bucket",
            [PEOPLE, buckets],
        )


def _names(call: Call) -> Iterable[str]:
    for kind, name in (("u", call.user_id), ("u", call.previous_id), ("a", call.account)):
        if name:
            yield f"{kind}:{name}"
    if email := call.traits.get("email"):
        yield f"e:{normalise_address(str(email))}"
