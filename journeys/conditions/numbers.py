"""Sums and ratios that come out alike on every database: exact, and rounded once at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import Aggregate, FloatField, Func, IntegerField

from journeys.conditions.json_sql import Dialect, Postgres, Sql, Sqlite

_LARGEST = "1.7e308"


def total(values: Iterable[float]) -> float:
    """The exact sum, as the nearest double."""
    exact = sum((Decimal(repr(value)) for value in values), Decimal(0))
    largest = Decimal(_LARGEST)
    return float(min(max(exact, -largest), largest))


def compared(of: Any, to: Any, wanted: Any) -> int | None:
    """−1, 0 or 1: whether of/to is less than, equal to or more than `wanted`; None to nothing."""
    if of is None or to is None or not to:
        return None
    below = Fraction(repr(to))
    spare = Fraction(repr(of)) / below - Fraction(repr(wanted))
    return (spare > 0) - (spare < 0)


class NumberIn(Func):
    """A number inside a JSON column as the database adds it up; NULL for anything else."""

    output_field = FloatField()

    def __init__(self, column: str, path: Sequence[str]) -> None:
        super().__init__(column)
        self.path = tuple(path)

    def _sql(self, compiler: Any, dialect: Dialect, cast: str) -> Sql:
        document, _given = compiler.compile(self.source_expressions[0])
        of = dialect.find(document, self.path)
        guard, params = dialect.is_kind(of, "number")
        value, more = of.value
        return f"CASE WHEN {guard} THEN {cast % value} END", [*params, *more]

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        return self._sql(compiler, Sqlite(), "CAST(%s AS REAL)")

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        return self._sql(compiler, Postgres(), "(%s #>> '{}')::numeric")


class _Summing:
    """SUM, exact, rounded to a double; 0 of nothing."""

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Sql:
        return self.as_sql(  # type: ignore[attr-defined, no-any-return]
            compiler, connection, template="COALESCE(junro_sum(%(expressions)s), 0.0)", **extra
        )

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Sql:
        # GREATEST would take the sum of nothing for the smallest number
        short = f"LEAST(GREATEST(COALESCE(SUM(%(expressions)s), 0), -{_LARGEST}), {_LARGEST})"
        return self.as_sql(  # type: ignore[attr-defined, no-any-return]
            compiler, connection, template=f"({short})::double precision", **extra
        )


class SumOf(_Summing, Func):
    """The sum over all rows of a sub-select."""

    output_field = FloatField()


class SumOfGroup(_Summing, Aggregate):
    """The sum over each group's rows."""

    output_field = FloatField()


class Ratio(Func):
    """−1, 0 or 1 as `compared` says it; NULL to nothing."""

    output_field = IntegerField()
    arity = 2

    def __init__(self, of: Any, to: Any, wanted: float) -> None:
        super().__init__(of, to)
        self.wanted = wanted

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        (of, one), (to, two) = (compiler.compile(e) for e in self.source_expressions)
        return f"junro_ratio({of}, {to}, %s)", [*one, *two, self.wanted]

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        (of, one), (to, two) = (compiler.compile(e) for e in self.source_expressions)
        # through text: so a double keeps the digits it is written with
        both = f"SELECT ({of})::text::numeric AS a, ({to})::text::numeric AS b"
        spare = "SIGN((r.a - %s::text::numeric * r.b) * SIGN(r.b))"
        sql = f"(SELECT {spare} FROM ({both}) r WHERE r.b <> 0)"  # noqa: S608 -- ours
        return sql, [repr(self.wanted), *one, *two]


class _SqliteSum:
    def __init__(self) -> None:
        self.values: list[float] = []

    def step(self, value: Any) -> None:
        if value is not None:
            self.values.append(value)

    def finalize(self) -> float | None:
        return total(self.values) if self.values else None


def teach(connection: Any, **_signal: Any) -> None:
    """SQLite sums and compares with the very code above."""
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("junro_sum", 1, _SqliteSum)
        connection.connection.create_function("junro_ratio", 3, compared, deterministic=True)


connection_created.connect(teach, dispatch_uid="journeys.conditions.numbers")
