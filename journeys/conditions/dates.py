"""A date or moment kept as text in a JSON value, and how far from it a moment lies (contracts 1.12).

Understood are `2026-07-01` (00:00 of that day in TIME_ZONE) and RFC 3339 with an offset, in the
years 1900 to 2199; fractions of a second are cut off. Any other value says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db.backends.signals import connection_created
from django.db.models import DateTimeField, Func, IntegerField, Value
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask
from journeys.conditions.at import At
from journeys.conditions.json_sql import Sql
from journeys.timing import BadSpan, Days, Span, span

_LEAP = r"(?:(?:19|21)(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))-02-29"
_DAY = (
    r"(?:(?:19|20|21)\d\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    rf"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))|{_LEAP})"
)
_TIME = r"[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,12})?(?:[Zz]|[+-](?:0\d|1[0-4]):[0-5]\d)"
#: Every text that is a date or moment, and none that is not: PostgreSQL casts only what matches.
PATTERN = f"^{_DAY}(?:{_TIME})?$"
_READ = re.compile(PATTERN, re.ASCII)
_FRACTION = re.compile(r"\.\d+")
EARLIEST, LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2400, 1, 1, tzinfo=UTC)


def moment_of(value: Any, zone: str) -> datetime | None:
    """The moment a value stands for, in UTC; None when it is none."""
    if not isinstance(value, str) or value.endswith("\n") or not _READ.match(value):
        return None
    if len(value) == len("2026-07-01"):
        day = date.fromisoformat(value)
        return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)
    return datetime.fromisoformat(_FRACTION.sub("", value.upper())).astimezone(UTC)


@dataclass(frozen=True)
class Offset:
    """A length before (negative) or after a date, in d, w or bd."""

    text: str
    sign: int
    length: Span | None  # None: the date itself

    @classmethod
    def read(cls, at: At, *, signed: bool = False) -> Self:
        """`90d`, `2w`, `5bd`; with `signed` also `-90d` and `0d`."""
        text = at.raw.strip() if isinstance(at.raw, str) else ""
        bare = text.lstrip("+-") if signed and text[:1] in "+-" and len(text) > 1 else text
        if signed and re.fullmatch(r"0+(d|w|bd)", bare):
            return cls("0d", 1, None)
        try:
            length = span(bare)
        except BadSpan:
            length = None
        if length is None or bare.endswith(("min", "h")) or (signed and text.count("-") > 1):
            at.refuse(
                "bad_span", _("“%s” is not a number of days, weeks or business days.") % (at.raw,),
                ("-90d", "-2w", "0d", "20bd") if signed else ("90d", "2w", "20bd"),
            )  # fmt: skip
        sign = -1 if text.startswith("-") else 1
        return cls(f"{'-' if sign < 0 else ''}{length.text}", sign, length)

    @classmethod
    def of(cls, length: Span | None = None, sign: int = 1) -> Self:
        text = f"{'-' if sign < 0 else ''}{length.text}" if length else "0d"
        return cls(text, sign, length)

    @property
    def days(self) -> int:
        """Business days, signed."""
        return self.length.days * self.sign if self.length else 0

    @property
    def delta(self) -> timedelta | None:
        """A fixed length, signed; None in business days."""
        if self.length is None:
            return timedelta(0)
        return None if self.length.delta is None else self.length.delta * self.sign

    def begun(self, moment: datetime, now: datetime, days: Days) -> bool:
        """Whether `moment` moved by this length is not after `now`."""
        if self.delta is not None:
            return moment <= _moved(now, self.delta)
        local, here = moment.astimezone(days.tz), _within(now).astimezone(days.tz)
        return (days.add(local.date(), self.days), local.time()) <= (here.date(), here.time())

    def edge(self, moment: datetime, days: Days) -> datetime:
        """`moment` moved by this length."""
        if self.delta is not None:
            return moment + self.delta
        local = moment.astimezone(days.tz)
        return datetime.combine(days.add(local.date(), self.days), local.time(), days.tz)

    def latest_days(self, now: datetime, days: Days) -> tuple[date, date, time]:
        """Of business days: dates up to the first are begun, up to the second by the time of day."""
        here = _within(now).astimezone(days.tz)
        yesterday = here.date() - timedelta(days=1)
        return self._latest(yesterday, days), self._latest(here.date(), days), here.time()

    def _latest(self, today: date, days: Days) -> date:
        found, one = days.add(today, -self.days), timedelta(days=1)
        while days.add(found, self.days) > today:
            found -= one
        while days.add(found + one, self.days) <= today:
            found += one
        return found


class Between(Func):
    """1 where now lies in [date + first, date + last), 0 where not, NULL where there is no date.

    `last` None: without an end. Reads the JSON column `value` of the queried row.
    """

    output_field = IntegerField()

    def __init__(self, first: Offset, last: Offset | None, ask: Ask) -> None:
        super().__init__("value")
        self.offsets, self.ask = (first, last), ask

    def as_postgresql(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        column, _params = compiler.compile(self.source_expressions[0])
        text = f"({column} #>> '{{}}')"
        day = f"{text}::timestamp AT TIME ZONE %s"
        moment = f"regexp_replace(upper({text}), '\\.[0-9]+', '')::timestamptz"
        at = f"CASE WHEN length({text}) = 10 THEN {day} ELSE {moment} END"
        local = "(d.m AT TIME ZONE %s)"
        tests, params = self._tests(
            compiler, "d.m", f"{local}::date", f"{local}::time", [self.ask.zone]
        )
        guard = f"jsonb_typeof({column}) = 'string' AND {text} ~ %s"
        inner = f"SELECT CASE WHEN {tests} THEN 1 ELSE 0 END FROM (SELECT {at} AS m) d"  # noqa: S608 -- ours
        return f"CASE WHEN {guard} THEN ({inner}) END", [PATTERN, *params, self.ask.zone]

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> Sql:
        column, _params = compiler.compile(self.source_expressions[0])
        zone = self.ask.zone
        local = "junro_local(d.m, %s)"
        tests, params = self._tests(
            compiler, "d.m", f"substr({local}, 1, 10)", f"substr({local}, 12)", [zone]
        )
        value = f"CASE WHEN json_type({column}) = 'text' THEN json_extract({column}, '$') END"
        inner = f"CASE WHEN {tests} THEN 1 ELSE 0 END"
        of = f"(SELECT junro_moment({value}, %s) AS m) d"
        sql = f"(SELECT CASE WHEN d.m IS NOT NULL THEN {inner} END FROM {of})"  # noqa: S608 -- ours
        return sql, [*params, zone]

    def _tests(
        self, compiler: Any, moment: str, day: str, clock: str, zone: Sequence[str]
    ) -> tuple[str, list[Any]]:
        parts, params = [], list[Any]()
        for offset, negate in zip(self.offsets, ("", "NOT "), strict=True):
            if offset is None:
                continue
            if offset.delta is not None:
                edge = Value(_moved(self.ask.now, offset.delta), DateTimeField())
                sql, given = compiler.compile(edge)
                parts.append(f"{negate}({moment} <= {sql})")
                params += given
                continue
            before, latest, at = offset.latest_days(self.ask.now, self.ask.days)
            parts.append(f"{negate}({day} <= %s OR ({day} <= %s AND {clock} <= %s))")
            days = [*zone, str(before), *zone, str(latest), *zone, str(at)]
            params += days
        return " AND ".join(parts), params


def _within(moment: datetime) -> datetime:
    """A moment that can be reckoned with; every date lies far inside."""
    return min(max(moment, EARLIEST), LATEST)


def _moved(now: datetime, back: timedelta) -> datetime:
    return _within(_within(now) - back).astimezone(UTC)


def _sqlite_moment(text: Any, zone: str) -> str | None:
    moment = moment_of(text, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else None


def _sqlite_local(text: str, zone: str) -> str:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def teach(connection: Any, **_signal: Any) -> None:
    """SQLite reads such texts with the very code above."""
    if connection.vendor == "sqlite":
        for name, function in (("junro_moment", _sqlite_moment), ("junro_local", _sqlite_local)):
            connection.connection.create_function(name, 2, function, deterministic=True)


connection_created.connect(teach, dispatch_uid="journeys.conditions.dates")
