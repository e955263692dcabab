"""A JSON value in SQL, where SQLite and PostgreSQL differ: its type, its parts, its comparisons.

A comparison is a nullable boolean: true, false, or NULL where the pairing says nothing. That is
the three-valued logic of the conditions themselves, so `AND` joins operators as `all` joins nodes.
Only constants of ours are written into the SQL; whatever an author wrote travels as a parameter.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeys.conditions.operators import AMONG, kind_of

Sql = tuple[str, list[Any]]

#: Keys SQLite finds by a path; others are looked up with json_each, which reads every spelling.
_SIMPLE_KEY = re.compile(r"[A-Za-z0-9_$@:/ -]+")
_SIGNS = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
#: A jsonb number may be one no double can hold, and PostgreSQL's cast would raise. Numbers of fewer
#: digits than this are safe; of longer ones the size is looked at first.
_SAFE_DIGITS = 300


@dataclass(frozen=True)
class Found:
    """SQL for a JSON value: its type's name, and the value itself."""

    kind: Sql
    value: Sql


class Dialect(ABC):
    """How one database reads a JSON value."""

    #: our name of a JSON type -> the database's
    kinds: Mapping[str, Sequence[str]]
    #: a member of a list, under the alias `m`
    member: Found
    true: str
    false: str

    @abstractmethod
    def find(self, document: str, path: Sequence[str]) -> Found:
        """The value under a path of keys."""

    @abstractmethod
    def literal(self, operand: Any) -> Sql:
        """An operand of ours, to be compared with a value of its type."""

    @abstractmethod
    def any_of(self, operands: Sequence[Any], kind: str) -> Sql:
        """What follows a value to say that it is one of these; one parameter, however many."""

    @abstractmethod
    def plain(self, of: Found, kind: str) -> Sql:
        """A value known to be of `kind`, to be compared."""

    @abstractmethod
    def listed(self, of: Found) -> Sql:
        """A list as a table."""

    @abstractmethod
    def text_test(self, word: str, of: Found, operand: str) -> Sql:
        """`contains` or `starts_with` of a text."""

    @abstractmethod
    def as_number(self, truth: str) -> str:
        """A nullable boolean as 1, 0 or NULL."""

    @abstractmethod
    def tagged(self, of: Found, kind: str) -> Sql:
        """A scalar spelled so that values of different types differ."""

    def is_kind(self, of: Found, kind: str) -> Sql:
        names = ", ".join(f"'{name}'" for name in self.kinds[kind])
        return f"{of.kind[0]} IN ({names})", of.kind[1]

    def members(self, of: Found, operands: Sequence[Any]) -> Sql:
        """Whether a list holds one of the operands."""
        table, params = self.listed(of)
        whens, more = _one_of(self, self.member, operands)
        test = f"CASE {whens} ELSE {self.false} END"
        return f"EXISTS (SELECT 1 FROM {table} m WHERE {test})", [*params, *more]  # noqa: S608 -- ours


class Sqlite(Dialect):
    """JSON is text here, read by json_type, json_extract and json_each."""

    kinds = {
        "text": ("text",),
        "number": ("integer", "real"),
        "boolean": ("true", "false"),
        "list": ("array",),
    }
    member = Found(("m.type", []), ("m.value", []))
    true, false = "1", "0"

    def find(self, document: str, path: Sequence[str]) -> Found:
        if all(_SIMPLE_KEY.fullmatch(key) for key in path):
            where = "$" + "".join(f'."{key}"' for key in path)
            return Found(
                (f"json_type({document}, %s)", [where]), (f"json_extract({document}, %s)", [where])
            )
        # side by side, not one inside the other: SQLite's parser takes only so many
        tables, tests = [f"json_each({document}) k0"], ["k0.key = %s"]
        for n in range(1, len(path)):
            inside = f"CASE WHEN k{n - 1}.type = 'object' THEN k{n - 1}.value ELSE '{{}}' END"
            tables.append(f"json_each({inside}) k{n}")
            tests.append(f"k{n}.key = %s")
        last = f"k{len(path) - 1}"
        of = f"FROM {', '.join(tables)} WHERE {' AND '.join(tests)}"
        return Found(
            (f"(SELECT {last}.type {of})", [*path]), (f"(SELECT {last}.value {of})", [*path])
        )

    def literal(self, operand: Any) -> Sql:
        match kind_of(operand):
            case "boolean":
                return (self.true if operand else self.false), []
            case "number":
                # read from text by the same code as the stored value, so that equal stays equal
                return "CAST(%s AS REAL)", [repr(float(operand))]
        return "%s", [operand]

    def any_of(self, operands: Sequence[Any], kind: str) -> Sql:
        if kind == "boolean":
            return f"IN ({', '.join(self.true if one else self.false for one in operands)})", []
        value, given = ("value", operands)
        if kind == "number":
            value, given = "CAST(value AS REAL)", [float(one) for one in operands]
        listed = json.dumps(list(given), ensure_ascii=False)
        return f"IN (SELECT {value} FROM json_each(%s))", [listed]  # noqa: S608 -- ours

    def plain(self, of: Found, kind: str) -> Sql:
        sql, params = of.value
        return (f"CAST({sql} AS REAL)" if kind == "number" else sql), params

    def listed(self, of: Found) -> Sql:
        return f"json_each({of.value[0]})", of.value[1]

    def text_test(self, word: str, of: Found, operand: str) -> Sql:
        sign = "> 0" if word == "contains" else "= 1"
        return f"instr({of.value[0]}, %s) {sign}", [*of.value[1], operand]

    def as_number(self, truth: str) -> str:
        return truth

    def tagged(self, of: Found, kind: str) -> Sql:
        value, params = self.plain(of, kind)
        return (value if kind == "number" else f"'{kind[0]}' || {value}"), params


class Postgres(Dialect):
    """JSON is jsonb here. Text is compared by code point, as SQLite and Python do."""

    kinds = {
        "text": ("string",),
        "number": ("number",),
        "boolean": ("boolean",),
        "list": ("array",),
    }
    member = Found(("jsonb_typeof(m)", []), ("m", []))
    true, false = "true", "false"

    def find(self, document: str, path: Sequence[str]) -> Found:
        value = document + " -> %s::text" * len(path)
        return Found((f"jsonb_typeof({value})", [*path]), (f"({value})", [*path]))

    def literal(self, operand: Any) -> Sql:
        match kind_of(operand):
            case "boolean":
                return (self.true if operand else self.false), []
            case "number":
                return "%s::double precision", [float(operand)]
        return "%s::text", [operand]

    def any_of(self, operands: Sequence[Any], kind: str) -> Sql:
        if kind == "number":
            return "= ANY(%s::double precision[])", [[float(one) for one in operands]]
        return f"= ANY(%s::{kind}[])", [list(operands)]

    def plain(self, of: Found, kind: str) -> Sql:
        text, params = self._text(of)
        match kind:
            case "number":
                short = f"length({text}) < {_SAFE_DIGITS}"
                fits = f"abs({text}::numeric) BETWEEN 1e-323 AND 1.797693134862315e308"
                sql = f"CASE WHEN {short} OR {fits} THEN {text}::double precision END"
                return sql, [*params, *params, *params]
            case "text":
                return f'{text} COLLATE "C"', params
        return f"{text}::boolean", params

    def _text(self, of: Found) -> Sql:
        return f"({of.value[0]} #>> '{{}}')", of.value[1]

    def listed(self, of: Found) -> Sql:
        return f"jsonb_array_elements({of.value[0]})", of.value[1]

    def text_test(self, word: str, of: Found, operand: str) -> Sql:
        text, params = self._text(of)
        if word == "contains":
            return f"strpos({text}, %s::text) > 0", [*params, operand]
        return f"starts_with({text}, %s::text)", [*params, operand]

    def as_number(self, truth: str) -> str:
        return f"{truth}::integer"

    def tagged(self, of: Found, kind: str) -> Sql:
        value, params = self.plain(of, kind)
        return f"'{kind[0]}' || ({value})::text", params


def _compared(dialect: Dialect, of: Found, sign: str, operand: Any) -> Sql:
    """`value SIGN operand` inside one type, NULL otherwise."""
    kind = kind_of(operand)
    guard, params = dialect.is_kind(of, kind)
    left, more = dialect.plain(of, kind)
    right, last = dialect.literal(operand)
    return f"CASE WHEN {guard} THEN {left} {sign} {right} END", [*params, *more, *last]


def _among(dialect: Dialect, word: str, of: Found, operands: Sequence[Any]) -> Sql:
    """`in` and `not_in`: of a scalar, or of any member of a list."""
    negate = "NOT " if word == "not_in" else ""
    guard, params = dialect.is_kind(of, "list")
    members, more = dialect.members(of, operands)
    whens, last = _one_of(dialect, of, operands, negate)
    return f"CASE WHEN {guard} THEN {negate}{members} {whens} END", [*params, *more, *last]


def _one_of(dialect: Dialect, of: Found, operands: Sequence[Any], negate: str = "") -> Sql:
    """WHENs, one a type: whether a scalar equals one of the operands of its type."""
    sql, params = [], list[Any]()
    for kind in sorted({kind_of(operand) for operand in operands}):
        guard, given = dialect.is_kind(of, kind)
        left, more = dialect.plain(of, kind)
        right, last = dialect.any_of([o for o in operands if kind_of(o) == kind], kind)
        sql.append(f"WHEN {guard} THEN {negate}({left} {right})")
        params += [*given, *more, *last]
    return " ".join(sql), params


def holds(dialect: Dialect, word: str, of: Found, operand: Any) -> Sql:
    """One operator as a nullable boolean."""
    if word == "is_set":
        sign = "<>" if operand else "="
        return f"COALESCE({of.kind[0]}, 'null') {sign} 'null'", [*of.kind[1]]
    if word in _SIGNS:
        return _compared(dialect, of, _SIGNS[word], operand)
    if word in AMONG:
        return _among(dialect, word, of, operand)
    whens, params = [], []
    if isinstance(operand, str):
        guard, more = dialect.is_kind(of, "text")
        test, last = dialect.text_test(word, of, operand)
        whens.append(f"WHEN {guard} THEN {test}")
        params += [*more, *last]
    if word == "contains":
        guard, more = dialect.is_kind(of, "list")
        test, last = dialect.members(of, (operand,))
        whens.append(f"WHEN {guard} THEN {test}")
        params += [*more, *last]
    return f"CASE {' '.join(whens)} END", params
