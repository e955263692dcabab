"""`date`: how far now lies from a date that is kept as a trait (contracts 1.12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from journeys.conditions.asking import Ask
from journeys.conditions.at import At
from journeys.conditions.dates import Between, Offset, moment_of
from journeys.conditions.leaves.stood import NOUNS, Stood
from journeys.conditions.tree import Evidence
from journeys.conditions.words import span_in_words, value_in_words

WHERE = ("before", "after", "between")
FIELDS = ("of", "name", *WHERE)


@dataclass(frozen=True)
class DateLeaf(Stood):
    """Whether date + `first` ≤ now (< date + `last`). A value that is no date: unknown."""

    head: ClassVar[str] = "date"
    of: str
    name: str
    word: str
    first: Offset
    last: Offset | None

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("of", "name"))
        words = [word for word in WHERE if word in given]
        if len(words) != 1:
            at.refuse("missing_field", _("Write exactly one of these."), WHERE)
        word = words[0]
        return cls(
            given["of"].choice(NOUNS), given["name"].text(), word, *_READERS[word](given[word])
        )

    def body(self) -> Any:
        written: Any = self.first.text.lstrip("-")
        if self.word == "between" and self.last:
            written = [self.first.text, self.last.text]
        return {"of": self.of, "name": self.name, self.word: written}

    def verdict_sql(self, ask: Ask) -> Any:
        return Between(self.first, self.last, ask)

    def judge(self, value: Any, at: datetime, ask: Ask) -> bool | None:
        moment = moment_of(value, ask.zone)
        if moment is None:
            return None
        begun = self.first.begun(moment, at, ask.days)
        return begun and not (self.last and self.last.begun(moment, at, ask.days))

    def edges(self, value: Any, ask: Ask) -> Iterator[datetime]:
        moment = moment_of(value, ask.zone)
        for offset in (self.first, self.last):
            if moment is not None and offset is not None:
                yield offset.edge(moment, ask.days)

    def sentence(self, evidence: Evidence) -> str:
        return _("%(name)s: %(found)s (wanted: %(wanted)s)") % {
            "name": self.name,
            "found": value_in_words(evidence.found),
            "wanted": self._wanted(),
        }

    def _wanted(self) -> str:
        if self.word == "before":
            return pgettext("date", "today at most %s before it") % _length(self.first)
        if self.word == "after":
            return pgettext("date", "today at least %s after it") % _length(self.first)
        assert self.last is not None  # noqa: S101 -- `between` has two ends
        return pgettext("date", "today from %(first)s to %(last)s") % {
            "first": _sided(self.first),
            "last": _sided(self.last),
        }


def _length(offset: Offset) -> str:
    return span_in_words(offset.length.text) if offset.length else ""


def _sided(offset: Offset) -> str:
    if offset.length is None:
        return pgettext("date", "the day itself")
    if offset.sign < 0:
        return pgettext("date", "%s before it") % _length(offset)
    return pgettext("date", "%s after it") % _length(offset)


def _before(at: At) -> tuple[Offset, Offset | None]:
    return Offset.of(Offset.read(at).length, -1), Offset.of()


def _after(at: At) -> tuple[Offset, Offset | None]:
    return Offset.read(at), None


def _between(at: At) -> tuple[Offset, Offset | None]:
    ends = at.items()
    if len(ends) != 2:
        at.refuse("wrong_type", _("Two lengths are needed here, for example [-90d, -60d]."))
    first, last = (Offset.read(end, signed=True) for end in ends)
    if first.delta is not None and last.delta is not None and first.delta >= last.delta:
        at.refuse("out_of_range", _("The first length must lie before the second."))
    if first.delta is None and last.delta is None and first.days >= last.days:
        at.refuse("out_of_range", _("The first length must lie before the second."))
    return first, last


_READERS = {"before": _before, "after": _after, "between": _between}
