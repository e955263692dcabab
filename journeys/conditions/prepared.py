"""A question's SQL, built once and asked at many moments.

Building a compiled condition costs Django far more than running it costs the database. Between
two ticks only the moment differs, so the statement is built twice with two probe moments; where
the two differ is where the moment goes. A question whose difference cannot be explained so is not
kept, and asked the plain way: a wrong answer is never the price of a fast one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from journeys.conditions.apart import AskedApart, one_statement_only
from journeys.conditions.asking import MODELS, Ask, Subject
from journeys.conditions.compiling import compile
from journeys.conditions.dialect import among
from journeys.conditions.tree import Node
from journeys.timing import Days, Span

Ids = Sequence[int]
Build = Callable[[Ask, Ids], QuerySet[Any, Any]]
Filler = Callable[[Ask, Ids], Any]
KEPT = 1024


@dataclass(frozen=True)
class _ProbeDays(Days):
    """Answers each business-day window with a moment of its own that can be recognised."""

    year: int = 1700
    windows: dict[datetime, Span] = field(default_factory=dict, compare=False, hash=False)

    def window_start(self, now: datetime, length: Span) -> datetime:
        if length.delta is not None:
            return now - length.delta
        moment = datetime(self.year, 1, 1, tzinfo=UTC) + timedelta(hours=length.days)
        self.windows[moment] = length
        return moment


@dataclass(frozen=True)
class _Probe:
    ask: Ask
    ids: Ids
    days: _ProbeDays


def _probe(now: datetime, year: int, ids: Ids, days: Days) -> _Probe:
    pretended = _ProbeDays(days.country, days.closures, days.zone, year=year)
    return _Probe(Ask(now=now, days=pretended), ids, pretended)


def asked(key: Hashable, build: Build, ask: Ask, ids: Iterable[int] = ()) -> list[tuple[Any, ...]]:
    """The rows of `build(ask, ids)`, a values_list of whole numbers, by a statement kept under `key`.

    `key` must name everything in the query but the moment and the ids. Questions with a knowledge
    limit (`known_at`) are rare and asked the plain way.
    """
    wanted = tuple(ids)
    if ask.known_at is not None:
        return list(build(ask, wanted))
    statement = _kept(_Key((connection.vendor, ask.days.zone, key), build, ask.days))
    if statement is None:
        return list(build(ask, wanted))
    sql, fillers = statement
    with connection.cursor() as cursor:
        cursor.execute(sql, [fill(ask, wanted) for fill in fillers])
        return list(cursor.fetchall())


def matching(
    node: Node, ids: Iterable[int], ask: Ask, subject: Subject, *, want: bool = True
) -> set[int]:
    """Which of these subjects (ids of the subject's own model) meet the tree, or do not."""
    model = subject.model or MODELS[subject.kind]

    def build(ask: Ask, ids: Ids) -> QuerySet[Any, Any]:
        rows = model._default_manager.filter(  # noqa: SLF001 -- Django's own name for it
            among("pk", ids), compile(node, want, ask, subject)
        )
        return rows.order_by().values_list("pk")

    found = asked(("matching", node.digest, want, subject), build, ask, ids)
    return {pk for (pk,) in found}


@dataclass(frozen=True)
class _Key:
    """What a statement is kept under; how to build it does not take part in the comparison."""

    name: Hashable
    build: Build = field(compare=False)
    days: Days = field(compare=False)


@lru_cache(maxsize=KEPT)
def _kept(key: _Key) -> tuple[str, list[Filler]] | None:
    """The statement and how to fill each of its places; None when it cannot be kept."""
    one = _probe(datetime(1801, 2, 3, 4, 5, 6, 7, tzinfo=UTC), 1701, (-11,), key.days)
    two = _probe(datetime(1902, 7, 8, 19, 10, 11, 12, tzinfo=UTC), 1752, (-22,), key.days)
    try:
        with one_statement_only():
            sql, here = _statement(key.build, one)
            other, there = _statement(key.build, two)
    except (EmptyResultSet, AskedApart):
        return None
    if sql != other or len(here) != len(there):
        return None
    fillers = [_filler(a, b, one, two) for a, b in zip(here, there, strict=True)]
    known = [filler for filler in fillers if filler is not None]
    return (sql, known) if len(known) == len(fillers) else None


def _statement(build: Build, probe: _Probe) -> tuple[str, Sequence[Any]]:
    sql, params = build(probe.ask, probe.ids).query.get_compiler("default").as_sql()
    return sql, params


def _filler(a: Any, b: Any, one: _Probe, two: _Probe) -> Filler | None:
    """How the place that held `a` at one probe and `b` at the other is filled; None: unknown."""
    if type(a) is type(b) and a == b:
        return lambda _ask, _ids: a
    if (a, b) in _ids_forms(one.ids, two.ids):
        return lambda _ask, ids: _same_form(a, ids)
    at, then = _moment(a), _moment(b)
    if at is None or then is None:
        return None
    length = one.days.windows.get(at)
    if length is not None and length == two.days.windows.get(then):
        return lambda ask, _ids: _adapted(ask.days.window_start(ask.now, length))
    before = one.ask.now - at
    if before == two.ask.now - then:
        return lambda ask, _ids: _adapted(ask.now - before)
    return None


def _ids_forms(one: Ids, two: Ids) -> list[tuple[Any, Any]]:
    """The spellings in which a list of ids travels: JSON on SQLite, an array on PostgreSQL."""
    return [(json.dumps(list(one)), json.dumps(list(two))), (list(one), list(two)), (one, two)]


def _same_form(sample: Any, ids: Ids) -> Any:
    return json.dumps(list(ids)) if isinstance(sample, str) else list(ids)


def _moment(value: Any) -> datetime | None:
    """A parameter as the moment it stands for, if it does."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _adapted(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment.astimezone(UTC))
