"""The statements that need two dialects: many rows in or changed by one statement, skip-locked.

Rows travel as one JSON parameter, so that a batch of any size is one statement on SQLite and on
PostgreSQL (bulk_create and bulk_update split by parameter count and grow with the rows).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


Writer = Callable[[Any], Any]


def _writer(field: models.Field[Any, Any]) -> Writer | None:
    """What turns a field's values into what JSON carries for this database; None: as they are.

    Chosen once for a column, because it is called once for a value.
    """
    if field.is_relation:
        return _writer(field.target_field)  # type: ignore[attr-defined]
    if isinstance(field, models.JSONField):
        encode = json.JSONEncoder if field.encoder is None else field.encoder
        return _unless_none(encode(ensure_ascii=False).encode)
    if isinstance(field, models.DateTimeField):
        return _unless_none(datetime.isoformat if is_postgres() else _utc_text)
    if isinstance(field, models.UUIDField):
        return _unless_none(str if is_postgres() else _hex)
    if isinstance(
        field, (models.DateField, models.DecimalField, models.CharField, models.TextField)
    ):
        return _unless_none(str)
    return None


def _unless_none(write: Writer) -> Writer:
    return lambda value: None if value is None else write(value)


def _hex(value: UUID | str) -> str:
    return value.hex if isinstance(value, UUID) else UUID(value).hex


def _utc_text(moment: datetime) -> str:
    """As Django stores moments on SQLite."""
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def _picked(field: Any, place: int) -> str:
    """SQL that reads a field's value out of its place in the JSON row `r`."""
    if is_postgres():
        return f"(r.value ->> {place})::{field.rel_db_type(connection) if field.is_relation else field.db_type(connection)}"
    return f"json_extract(r.value, '$[{place}]')"


def _rows() -> str:
    return "jsonb_array_elements(%s::jsonb) AS r(value)" if is_postgres() else "json_each(%s) AS r"


def _columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [f for f in model._meta.concrete_fields if not f.primary_key]


def _payload(rows: Iterable[Sequence[Any]], writers: Sequence[Writer | None]) -> str:
    """Rows of values as one JSON text of lists."""
    dressed = [(place, write) for place, write in enumerate(writers) if write]
    written = []
    for row in rows:
        values = list(row)
        for place, write in dressed:
            values[place] = write(values[place])
        written.append(values)
    return json.dumps(written, ensure_ascii=False)


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
    values = attrgetter(*(f.attname for f in fields))
    payload = _payload(map(values, rows), [_writer(f) for f in fields])
    columns = ", ".join(f'"{f.column}"' for f in fields)
    picked = ", ".join(_picked(f, place) for place, f in enumerate(fields))
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
    it are left alone. Returns how many were changed. IS TRUE keeps the rows' own key the way in:
    by an index on what `only_where` names, SQLite would compare every row with every change.
    """
    if not rows:
        return 0
    by_name = {f.attname: f for f in model._meta.concrete_fields}
    fields = [by_name[name] for name in rows[0] if name != "id"]
    values = itemgetter("id", *(f.attname for f in fields))
    payload = _payload(map(values, rows), [None, *(_writer(f) for f in fields)])
    sets = ", ".join(f'"{f.column}" = {_picked(f, place)}' for place, f in enumerate(fields, 1))
    key = "(r.value ->> 0)::bigint" if is_postgres() else "json_extract(r.value, '$[0]')"
    sql = f'UPDATE "{model._meta.db_table}" AS t SET {sets} FROM {_rows()} WHERE t.id = {key}' + (
        f" AND ({only_where}) IS TRUE" if only_where else ""
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
