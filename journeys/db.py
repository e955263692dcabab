"""The statements that need two dialects: many rows in or changed by one statement, skip-locked.

Rows travel as one JSON parameter, so that a batch of any size is one statement on SQLite and on
PostgreSQL (bulk_create and bulk_update split by parameter count and grow with the rows).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def _writer(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """What turns a field's values into what JSON carries for this database."""
    if isinstance(field, models.JSONField):
        encode = json.JSONEncoder if field.encoder is None else field.encoder
        return _unless_none(encode(ensure_ascii=False).encode)
    if is_postgres():
        return _isoformat
    if isinstance(field, (models.CharField, models.TextField)):
        return _unless_none(str)
    return _unless_none(lambda value: _scalar(field.get_db_prep_save(value, connection)))


def _unless_none(write: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else write(value)


def _isoformat(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime, date)) else _scalar(value)


def _scalar(value: Any) -> Any:
    return str(value) if isinstance(value, (UUID, Decimal, datetime, date)) else value


def _picked(field: Any) -> str:
    """SQL that reads a field's value out of the JSON row `r`."""
    if is_postgres():
        return f"(r.value ->> '{field.column}')::{field.rel_db_type(connection) if field.is_relation else field.db_type(connection)}"
    return f"json_extract(r.value, '$.{field.column}')"


def _rows() -> str:
    return "jsonb_array_elements(%s::jsonb) AS r(value)" if is_postgres() else "json_each(%s) AS r"


def _columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [f for f in model._meta.concrete_fields if not f.primary_key]


def insert(rows: Sequence[M], *, ignore_conflicts: bool = False) -> int:
    """Insert unsaved instances by one statement; how many went in. Primary keys are not read back."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(*_insertion(rows, CONFLICT_IGNORED if ignore_conflicts else ""))
        return int(cursor.rowcount)


def insert_known(rows: Sequence[M]) -> None:
    """Insert unsaved instances that have a `uid` by one statement, and give them their keys."""
    if not rows:
        return
    uid: Any = rows[0]._meta.get_field("uid")
    with connection.cursor() as cursor:
        cursor.execute(*_insertion(rows, ' RETURNING "id", "uid"'))
        keys = {uid.to_python(found): key for key, found in cursor.fetchall()}
    for row in rows:
        row.pk = keys[uid.value_from_object(row)]
        row._state.adding = False


def insert_new(rows: Sequence[M], column: str) -> set[Any]:
    """Insert those that break no unique rule, by one statement; what `column` holds in those.

    Waits for another writer's row of the same unique value, so exactly one of both is told that
    the row is theirs.
    """
    if not rows:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(*_insertion(rows, f'{CONFLICT_IGNORED} RETURNING "{column}"'))
        return {found for (found,) in cursor.fetchall()}


CONFLICT_IGNORED = " ON CONFLICT DO NOTHING"


def _insertion(rows: Sequence[M], tail: str) -> tuple[str, list[str]]:
    """The INSERT of these rows and its one parameter."""
    model = type(rows[0])
    fields = _columns(model)
    writers = [(f.column, f, _writer(f)) for f in fields]
    payload = json.dumps(
        [{name: write(f.pre_save(row, add=True)) for name, f, write in writers} for row in rows],
        ensure_ascii=False,
    )
    columns = ", ".join(f'"{f.column}"' for f in fields)
    picked = ", ".join(_picked(f) for f in fields)
    # SQLite reads "ON CONFLICT" after a bare FROM as a join; WHERE true tells them apart.
    sql = (
        f'INSERT INTO "{model._meta.db_table}" ({columns}) '
        f"SELECT {picked} FROM {_rows()} WHERE true{tail}"
    )
    return sql, [payload]


def update(
    model: type[M], rows: Sequence[Mapping[str, Any]], *, only_where: str | None = None
) -> int:
    """Update rows by one statement. Each mapping has "id" and the same set of attribute names.

    `only_where` is SQL over the table's alias `t` (a constant of ours): rows that no longer fit
    it are left alone. Returns how many were changed.
    """
    if not rows:
        return 0
    by_name = {f.attname: f for f in model._meta.concrete_fields}
    names = [name for name in rows[0] if name != "id"]
    writers = [(n, by_name[n].column, _writer(by_name[n])) for n in names]
    payload = json.dumps(
        [
            {"id": row["id"]} | {column: write(row[n]) for n, column, write in writers}
            for row in rows
        ],
        ensure_ascii=False,
    )
    sets = ", ".join(f'"{by_name[n].column}" = {_picked(by_name[n])}' for n in names)
    key = "(r.value ->> 'id')::bigint" if is_postgres() else "json_extract(r.value, '$.id')"
    sql = f'UPDATE "{model._meta.db_table}" AS t SET {sets} FROM {_rows()} WHERE t.id = {key}' + (
        f" AND {only_where}" if only_where else ""
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [payload])
        return int(cursor.rowcount)


def skip_locked(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """Lock these rows for us and pass over those another engine holds (SQLite has one writer)."""
    return rows.select_for_update(of=("self",), skip_locked=True) if is_postgres() else rows


def in_one_piece(beat: Callable[[datetime], int], now: datetime) -> int:
    """Run a beat in one transaction: all of its rows or none (I8)."""
    with transaction.atomic():
        return beat(now)


ENGINE_LOCK = 0x6A756E726F  # "junro"


@contextmanager
def one_engine() -> Iterator[bool]:
    """Whether this process may run the beats now; on PostgreSQL one engine at a time does.

    SQLite needs none: its beats begin with the write lock (BEGIN IMMEDIATE).
    """
    if not is_postgres():
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ENGINE_LOCK])
        ours = bool(cursor.fetchone()[0])
        try:
            yield ours
        finally:
            if ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ENGINE_LOCK])


def hold(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """Lock these rows for us, after whoever holds them now (SQLite has one writer)."""
    return rows.select_for_update(of=("self",), no_key=True) if is_postgres() else rows


def locked(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """Lock these rows, not what is joined to them, until the transaction ends."""
    return rows.select_for_update(of=("self",)) if is_postgres() else rows
