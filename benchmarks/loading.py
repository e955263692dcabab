"""Many rows of any model into an empty table, past the ORM: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from journeys import db

Value = Any
AT_ONCE = 20_000


def load(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
    """Write rows whose values stand for the fields in `names`; every other field takes its default.

    Rows carry their own primary key (`id` first). Returns how many went in.
    """
    given = {name: index for index, name in enumerate(names)}
    fields = list(model._meta.concrete_fields)
    writers = [_writer(field, given.get(field.attname)) for field in fields]
    columns = [f'"{field.column}"' for field in fields]
    written = (tuple(write(row) for write in writers) for row in rows)
    table = f'"{model._meta.db_table}"'
    return (_copy if db.is_postgres() else _many)(table, columns, written)


def _writer(field: models.Field[Any, Any], index: int | None) -> Callable[[Sequence[Value]], Value]:
    encode = _encoder(field)
    if index is not None:
        return lambda row: encode(row[index])
    if field.has_default() and callable(field.default):
        return lambda _row: encode(field.get_default())
    constant = encode(field.get_default())
    return lambda _row: constant


def _encoder(field: models.Field[Any, Any]) -> Callable[[Value], Value]:
    if isinstance(field, models.JSONField):
        return lambda value: None if value is None else json.dumps(value, ensure_ascii=False)
    if db.is_postgres():
        return lambda value: value
    return _for_sqlite


def _for_sqlite(value: Value) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return value.hex if isinstance(value, UUID) else value


def _copy(table: str, columns: Sequence[str], rows: Iterator[tuple[Value, ...]]) -> int:
    count = 0
    with connection.cursor() as cursor:
        copying = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with cursor.cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {max(count, 1)})")
    return count


def _many(table: str, columns: Sequence[str], rows: Iterator[tuple[Value, ...]]) -> int:
    places = ", ".join("?" for _column in columns)
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
    count = 0
    with transaction.atomic():
        while some := list(islice(rows, AT_ONCE)):
            connection.connection.executemany(sql, some)
            count += len(some)
    return count
