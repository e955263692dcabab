"""The dated values of one trait, whatever order they are told in. Pure (I4)."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

Dated = tuple[datetime, Any]


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is neither 1.0 nor true."""
    if type(one) is type(other) and isinstance(one, (str, int)):
        return bool(one == other)
    return canonical(one) == canonical(other)


def canonical(value: Any) -> bytes:
    """A JSON value as bytes that are the same for the same value.

    PostgreSQL gives 1e300 back as a whole number of 301 digits, too long for orjson.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return orjson.dumps(_short(value), option=orjson.OPT_SORT_KEYS)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


@dataclass
class Timeline:
    """Changes in the order they happened (None = removed), and when a value was said again."""

    changes: list[Dated] = field(default_factory=list)
    repeats: list[datetime] = field(default_factory=list)

    def at(self, moment: datetime) -> Any:
        """The value as it stood then; None when there was none."""
        before = self._index(moment)
        return self.changes[before - 1][1] if before else None

    @property
    def last(self) -> Any:
        return self.changes[-1][1] if self.changes else None

    @property
    def since(self) -> datetime:
        """Since when the last value holds without a break. There must be one."""
        start = len(self.changes) - 1
        while start and same(self.changes[start - 1][1], self.last):
            start -= 1
        return self.changes[start][0]

    def say(self, moment: datetime, value: Any) -> list[Dated]:
        """Tell a value; the changes this makes. None of them means it was said before.

        A late change holds until the next time the older value was confirmed: there that value
        comes back as a change of its own.
        """
        index = self._index(moment)
        before = self.changes[index - 1][1] if index else None
        if same(before, value):
            insort(self.repeats, moment)
            return []
        until = self.changes[index][0] if index < len(self.changes) else None
        made = [(moment, value)]
        confirmed = next((t for t in self.repeats if t > moment), None)
        if confirmed is not None and (until is None or confirmed < until):
            made.append((confirmed, before))
        self.changes[index:index] = made
        return made

    def _index(self, moment: datetime) -> int:
        return bisect_right(self.changes, moment, key=lambda change: change[0])
