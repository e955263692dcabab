"""What the conditions need of the database beyond Django's own expressions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    Expression,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import TruncDate

from journeys.conditions.json_sql import Dialect, Postgres, Sql, Sqlite, holds
from journeys.conditions.operators import Operators


class _Compared(Func):
    """Operators on a value inside a JSON column."""

    def __init__(self, column: str, path: Sequence[str], operators: Operators) -> None:
        super().__init__(column)
        self.path, self.operators = tuple(path), operators

    def sql(self, compiler: Any, dialect: Dialect) -> Sql:
        document, given = compiler.compile(self.source_expressions[0])
        assert not given  # noqa: S101 -- always a column
        value = dialect.find(document, self.path)
        parts, params = [], []
        for word, operand in self.operators.all_of:
            sql, more = holds(dialect, word, value, operand)
            parts.append(f"({sql})")
            params += more
        return f"({' AND '.join(parts)})", params

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        return self.sql(compiler, Sqlite())

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        return self.sql(compiler, Postgres())


class Holds(_Compared):
    """A condition for WHERE: true where all operators hold."""

    output_field = BooleanField()


class Verdict01(_Compared):
    """1 where all operators hold, 0 where they do not, NULL where they say nothing."""

    output_field = IntegerField()

    def sql(self, compiler: Any, dialect: Dialect) -> Sql:
        truth, params = super().sql(compiler, dialect)
        return dialect.as_number(truth), params


class ScalarOf(_Compared):
    """A scalar inside a JSON column, spelled so that different values of any type differ."""

    output_field = IntegerField()

    def __init__(self, column: str, path: Sequence[str]) -> None:
        super().__init__(column, path, Operators(()))

    def sql(self, compiler: Any, dialect: Dialect) -> Sql:
        document, _given = compiler.compile(self.source_expressions[0])
        of = dialect.find(document, self.path)
        sql, params = "CASE", list[Any]()
        for kind in ("text", "number", "boolean"):
            guard, more = dialect.is_kind(of, kind)
            value, last = dialect.tagged(of, kind)
            sql += f" WHEN {guard} THEN {value}"
            params += [*more, *last]
        return f"{sql} END", params


@lru_cache(maxsize=32)
def fixed_offset(zone: str) -> timedelta | None:
    """The zone's offset from UTC where it never changes (from 1970 on), else None."""
    here, first = ZoneInfo(zone), datetime(1970, 1, 5, tzinfo=UTC)
    offsets = {(first + timedelta(days=7 * n)).astimezone(here).utcoffset() for n in range(6780)}
    return offsets.pop() if len(offsets) == 1 else None


class _Day(Func):
    """The calendar day of `occurred_at` in a zone."""

    output_field = DateField()

    def __init__(self, column: str, zone: str) -> None:
        super().__init__(column)
        self.zone = zone

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        column, _params = compiler.compile(self.source_expressions[0])
        offset = fixed_offset(self.zone)
        assert offset is not None  # noqa: S101 -- day_of sees to it
        return f"date({column}, '{int(offset.total_seconds() // 60):+d} minutes')", []

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        column, _params = compiler.compile(self.source_expressions[0])
        return f"({column} AT TIME ZONE %s)::date", [self.zone]


def day_of(column: str, zone: str) -> Func:
    """A moment's calendar day. SQLite calls Python for a zone that changes its offset."""
    if fixed_offset(zone) is None:
        return TruncDate(column, tzinfo=ZoneInfo(zone))
    return _Day(column, zone)


class Always(Func):
    """True of every row, or of none; Django's own constants would empty the query around them."""

    output_field = BooleanField()
    arity = 0

    def __init__(self, answer: bool) -> None:
        super().__init__()
        self.template = "1=1" if answer else "1=0"


class Truth(Func):
    """1 where a predicate holds, 0 where it does not or is NULL.

    Kept short for SQLite (see `apart`); Django writes the predicate in brackets.
    """

    template = "CASE WHEN %(expressions)s THEN 1 ELSE 0 END"
    arity = 1
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Sql:
        sql, params = self.as_sql(
            compiler, connection, template="(%(expressions)s IS TRUE)", **extra
        )
        return sql, list(params)


class SumOfTruth(Func):
    """In how many rows of a sub-select a predicate holds; NULL without any row.

    With a share: in how many more than that share of the rows, times the share's denominator.
    """

    # the id: a sum without a column of its own rows would be taken for one over the rows outside
    template = "SUM(CASE WHEN %(expressions)s > 0 THEN 1 ELSE 0 END)%(share)s"
    arg_joiner = " AND "
    arity = 2
    output_field = BigIntegerField()

    def __init__(self, predicate: Q, share: Fraction | None = None) -> None:
        of = f" * {share.denominator} - COUNT(*) * {share.numerator}" if share is not None else ""
        super().__init__(predicate, F("pk"), share=of)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Sql:
        short = "SUM(%(expressions)s > 0)%(share)s"
        sql, params = self.as_sql(
            compiler, connection, template=short, arg_joiner=" IS TRUE AND ", **extra
        )
        return sql, list(params)


class Plus(Func):
    """Numbers added up side by side, to be compared: nested ones would fill SQLite's parser."""

    template = "%(expressions)s"
    arg_joiner = " + "
    output_field = IntegerField()


class CountOf(Subquery):
    """How many rows a query gives."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = BigIntegerField()


class _Ids(Expression):
    """A list of ids as one parameter, however long."""

    output_field = BigIntegerField()

    def __init__(self, ids: Iterable[int | None]) -> None:
        super().__init__()
        self.ids = sorted({int(pk) for pk in ids if pk is not None})

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        return "(SELECT value FROM json_each(%s))", [json.dumps(self.ids)]

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        return "(SELECT unnest(%s::bigint[]))", [self.ids]


def among(column: str, ids: Iterable[int | None]) -> Q:
    """Rows whose column holds one of these ids."""
    return Q(**{f"{column}__in": _Ids(tuple(ids))})


def count_up_to(rows: QuerySet[Any], most: int | None = None) -> CountOf:
    """The number of rows, counted no further than `most`: an index probe that stops early."""
    return CountOf(rows if most is None else rows[:most])
