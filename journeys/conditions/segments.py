"""Saved conditions by key: those that are stored, and those somebody is about to store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from types import MappingProxyType
from typing import Any

from journeys.models import Segment


@dataclass(frozen=True)
class Saved:
    """A segment as it stands: `condition` as its author wrote it."""

    key: str
    name: str
    subject: str
    condition: Any


_given: ContextVar[Mapping[str, Saved]] = ContextVar(
    "segments_given",
    default=MappingProxyType({}),
)


@contextmanager
def segments_given(saved: Mapping[str, tuple[str, str, Any]]) -> Iterator[None]:
    """Inside, conditions may name these too: key → (name, subject, condition as written).

    A bundle is checked so before any of its segments is stored.
    """
    more = {key: Saved(key, *what) for key, what in saved.items()}
    token = _given.set({**_given.get(), **more})
    try:
        yield
    finally:
        _given.reset(token)


def saved(key: str) -> Saved | None:
    """The segment of a key; one that was given goes before a stored one."""
    if key in _given.get():
        return _given.get()[key]
    row = Segment.objects.filter(key=key).values_list("key", "name", "subject", "condition").first()
    return Saved(*row) if row else None


def known_keys() -> list[str]:
    """The keys that can be named, sorted."""
    stored = Segment.objects.order_by("key").values_list("key", flat=True)[:50]
    return sorted({*_given.get(), *stored})


def segments_in(raw: Any) -> dict[str, str]:
    """Key → digest of each segment that is pinned anywhere inside stored trees."""
    found: dict[str, str] = {}
    if isinstance(raw, Mapping):
        pinned = raw.get("segment")
        if isinstance(pinned, Mapping) and {"key", "is"} <= pinned.keys():
            text = dumps(pinned, sort_keys=True, ensure_ascii=False)
            found[str(pinned["key"])] = sha256(text.encode()).hexdigest()
        for value in raw.values():
            found |= segments_in(value)
    elif isinstance(raw, list | tuple):
        for value in raw:
            found |= segments_in(value)
    return found
