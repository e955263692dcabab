"""`people`: a quantifier over the account's people with any contact condition (contracts 1.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db.models import Q
from django.utils.translation import gettext as _

from journeys.conditions.apart import Apart, Ids
from journeys.conditions.asking import ACCOUNT, ENROLLMENT, SUBSCRIPTION, Ask, Row, Subject, here
from journeys.conditions.at import At
from journeys.conditions.checking import check
from journeys.conditions.compiling import compile
from journeys.conditions.counting import EVERYBODY, Quantifier
from journeys.conditions.leaves import people_history, people_words
from journeys.conditions.tree import Evidence, History, Leaf, Node, stored

FIELDS = (*Quantifier.WORDS, "who")


@dataclass(frozen=True)
class PeopleLeaf(Leaf):
    """Enough of the account's people meet `who`; a person for whom it is unknown does not."""

    head: ClassVar[str] = "people"
    quantifier: Quantifier
    who: Node | None = None

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS)
        if not given:
            at.refuse("empty", _("Say who: a role, or how many."), FIELDS)
        who = given.pop("who", None)
        return cls(Quantifier.read(given), who.read_node(who.deeper()) if who else None)

    def body(self) -> Any:
        return self.quantifier.body() | ({"who": stored(self.who)} if self.who else {})

    @property
    def inner(self) -> tuple[Node, ...]:
        return (self.who,) if self.who else ()

    def check(self, kind: str, path: str) -> None:
        if self.who:
            # inside a journey a person is asked about in the context of the enrollment
            inside = "enrollment" if kind == "enrollment" else "contact"
            check(self.who, inside, f"{path}.who")

    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        if not subject.is_person:
            return self._asked(want, ask, subject)
        # the people of the same account again: it does not matter whose colleagues they are
        return Q(Apart(self._asked(want, ask, subject), self._where(want, ask, subject)))

    def _where(self, want: bool, ask: Ask, subject: Subject) -> list[tuple[Any, Ids]]:
        """What the answer depends on: the enrollment, else the contract, else the account."""
        columns: list[tuple[Any, Subject]] = (
            [(subject.enrollment, ENROLLMENT)]
            if subject.enrollment is not None
            else [(subject.subscription, SUBSCRIPTION), (subject.account, ACCOUNT)]
        )

        def ids(of: Subject) -> Ids:
            return lambda: (
                of.every().filter(self._asked(want, ask, of)).values_list("pk", flat=True)
            )

        return [(here(column), ids(of)) for column, of in columns if column is not None]

    def _asked(self, want: bool, ask: Ask, subject: Subject) -> Q:
        meets = compile(self.who, True, ask, subject.person()) if self.who else EVERYBODY
        return self.quantifier.predicate(want, self.quantifier.people(ask, subject), meets)

    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        return people_history.gather(self, rows, ask, detail=detail)

    def sentence(self, evidence: Evidence) -> str:
        return people_words.sentence(self.quantifier, evidence)
