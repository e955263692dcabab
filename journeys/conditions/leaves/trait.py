"""`trait`: what is known of an account, a contact or a subscription, as it stood (1.2, 1.3, 1.11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask
from journeys.conditions.at import At
from journeys.conditions.dialect import Verdict01
from journeys.conditions.leaves.stood import NOUNS, Stood
from journeys.conditions.operators import WORDS, Operators
from journeys.conditions.tree import Evidence
from journeys.conditions.words import operators_in_words, value_in_words

FIELDS = ("of", "name", *WORDS)


@dataclass(frozen=True)
class TraitLeaf(Stood):
    """A trait compared. Missing, null or of another type: unknown."""

    head: ClassVar[str] = "trait"
    of: str
    name: str
    operators: Operators

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("of", "name"))
        of, name = given.pop("of").choice(NOUNS), given.pop("name").text()
        if not given:
            at.refuse("missing_field", _("An operator is needed here."), WORDS)
        return cls(of, name, Operators.of_fields(given))

    def body(self) -> Any:
        return {"of": self.of, "name": self.name} | self.operators.body()

    @property
    def missing(self) -> bool | None:
        return self.operators.verdict(None)

    def verdict_sql(self, ask: Ask) -> Any:
        return Verdict01("value", (), self.operators)

    def judge(self, value: Any, at: datetime, ask: Ask) -> bool | None:
        return self.operators.verdict(value)

    def edges(self, value: Any, ask: Ask) -> Iterator[datetime]:
        yield from ()

    def sentence(self, evidence: Evidence) -> str:
        return _("%(name)s: %(found)s (wanted: %(wanted)s)") % {
            "name": self.name,
            "found": value_in_words(evidence.found),
            "wanted": operators_in_words(self.operators),
        }
