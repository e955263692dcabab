"""A part of a question that is asked by a statement of its own, on SQLite only.

SQLite's parser keeps about a hundred words it has not finished reading, and then gives up. A
quantifier inside a quantifier needs too many of them, so it is asked first, for everybody, and its
answer travels as one list of ids. PostgreSQL has no such limit and gets one statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import BooleanField, Func, Q

from journeys.conditions.json_sql import Sql

Ids = Callable[[], Iterable[int]]
_whole: ContextVar[bool] = ContextVar("whole", default=False)


class AskedApart(Exception):
    """The statement cannot be built without asking another one."""


@contextmanager
def one_statement_only() -> Iterator[None]:
    """Inside, building SQL that would ask another statement raises AskedApart."""
    token = _whole.set(True)
    try:
        yield
    finally:
        _whole.reset(token)


class Apart(Func):
    """`predicate`, which depends on nothing but the rows whose ids stand in the columns.

    `where` lists the columns, of which the first that is not NULL counts, each with a function that
    gives the ids for which the predicate holds.
    """

    output_field = BooleanField()

    def __init__(self, predicate: Q, where: Sequence[tuple[Any, Ids]]) -> None:
        super().__init__(predicate, *(column for column, _ids in where))
        self.ids = [ids for _column, ids in where]

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        sql, params = compiler.compile(self.source_expressions[0])
        return sql, list(params)

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        if _whole.get():
            raise AskedApart
        parts, given = ["CASE"], list[Any]()
        for column, ids in zip(self.source_expressions[1:], self.ids, strict=True):
            sql, params = compiler.compile(column)
            among = f"{sql} IN (SELECT value FROM json_each(%s))"  # noqa: S608 -- ours
            parts.append(f"WHEN {sql} IS NOT NULL THEN {among}")
            given += [*params, *params, json.dumps(sorted(ids()))]
        return f"({' '.join(parts)} END)", given
