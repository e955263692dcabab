"""`event`: facts that happened, how many of them, when, and by whom (contracts 1.2 to 1.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any, ClassVar, Self

from django.db.models import Count as Aggregated
from django.db.models import F, FloatField, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext as _

from journeys.conditions import periods, stages
from journeys.conditions.asking import Ask, Row, Subject, outer
from journeys.conditions.at import At
from journeys.conditions.counting import NOBODY, ONCE, Count, Distinct, Quantifier, path_of
from journeys.conditions.dialect import Holds, ScalarOf, count_up_to, day_of
from journeys.conditions.errors import ConditionError
from journeys.conditions.leaves import event_history, event_words
from journeys.conditions.numbers import NumberIn, SumOf, SumOfGroup
from journeys.conditions.operators import Operators
from journeys.conditions.tree import Evidence, History, Leaf
from journeys.conditions.windows import BEGINNING, ENROLLMENT, STAGE, Within, back
from journeys.models import Event

FIELDS = (
    "name", "where", "count", "within", "distinct", "sum", "every", "in_a_row", "by", "product",
    "assume_history",
)  # fmt: skip
MOST_PROPERTIES = 20
ACCOUNT, SELF = "account", "self"
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class EventLeaf(Leaf):
    """So many facts of a name inside a window, of the account, the contact or its people."""

    head: ClassVar[str] = "event"
    name: str
    where: tuple[tuple[str, Operators], ...] = ()
    count: Count = ONCE
    within: Within | None = None
    distinct: Distinct | None = None
    by: str | Quantifier = ACCOUNT
    product: str = ""
    assume_history: bool = False
    sum: tuple[str, ...] = ()
    row: periods.Row | None = None
    counts_all: bool = False  # the number itself is asked for, not a bound

    # --- reading ------------------------------------------------------------------------------
    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("name",))
        _refuse_pairs(given)
        added = path_of(given["sum"], given["sum"].text()) if "sum" in given else ()
        return cls(
            name=given["name"].text(),
            where=_where(given["where"]) if "where" in given else (),
            count=Count.read(given["count"], of_sum=bool(added)) if "count" in given else ONCE,
            within=Within.read(given["within"]) if "within" in given else None,
            distinct=Distinct.read(given["distinct"]) if "distinct" in given else None,
            by=_by(given["by"]) if "by" in given else ACCOUNT,
            product=given["product"].text() if "product" in given else "",
            assume_history="assume_history" in given and given["assume_history"].yes(),
            sum=added,
            row=periods.Row.read(given),
        )

    def body(self) -> Any:
        written = {
            "where": {name: operators.short() for name, operators in self.where},
            "count": self.count.body() if self.count != ONCE else None,
            "within": self.within.text if self.within else None,
            "distinct": self.distinct.text if self.distinct else None,
            "sum": ".".join(self.sum),
            **(self.row.body() if self.row else {}),
            "by": self.by.body() if isinstance(self.by, Quantifier) else self.by,
            "product": self.product,
            "assume_history": self.assume_history,
        }
        return {"name": self.name} | {word: value for word, value in written.items() if value}

    def check(self, kind: str, path: str) -> None:
        if self.by == SELF and kind not in ("contact", "enrollment"):
            raise ConditionError(
                _("“by: self” asks about a contact."), f"{path}.by",
                ("account", "role", "at_least", "share", "every"), "bad_subject",
            )  # fmt: skip
        window = self.within.text if self.within else ""
        if window == ENROLLMENT and kind != "enrollment":
            message = _("“within: enrollment” can only be asked inside a journey.")
            raise ConditionError(message, f"{path}.within", code="bad_subject")
        if window == STAGE and kind not in ("subscription", "enrollment") and not self.product:
            message = _("“within: stage” asks about a subscription; name its “product”.")
            raise ConditionError(message, f"{path}.within", code="bad_subject")

    # --- in SQL -------------------------------------------------------------------------------
    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        met, not_met = self._simply(ask, subject)
        if not self.asks_for_tenure:
            return met if want else not_met
        known_long = Q(LessThanOrEqual(subject.tenure(), self.start(ask)))
        if self.is_absence:
            return met & known_long if want else not_met
        return met if want else not_met & (known_long | self._too_many(ask, subject))

    @property
    def is_absence(self) -> bool:
        """Whether no facts satisfy it, and more facts could break it (contracts 1.4, 1.6)."""
        return self.count.holds(0) if self.sum else self.count.is_absence

    @property
    def asks_for_tenure(self) -> bool:
        """Whether what was not seen may only be too early to be known (1.6)."""
        return self.within is not None and self.within.is_length and not self.assume_history

    def start(self, ask: Ask, at: datetime | None = None) -> datetime:
        """The left edge of a window that has a length, now or at another moment."""
        length = self.within.span if self.within else None
        return back(at or ask.now, length, ask.days) if length else BEGINNING

    def _simply(self, ask: Ask, subject: Subject) -> tuple[Q, Q]:
        """Met and not met, as if everything that happened were known."""
        if not isinstance(self.by, Quantifier):
            met = self._counted(ask, subject, None)
            return met, ~met
        people = self.by.people(ask, subject)
        person = subject.person()
        spans: list[Span | None] = [*self.row.spans(ask.now, ask.zone)] if self.row else [None]
        each = [self._counted(ask, person, span) for span in spans]
        return (
            reduce(and_, [self.by.predicate(True, people, one) for one in each]),
            reduce(or_, [self.by.predicate(False, people, one) for one in each]),
        )

    def _counted(self, ask: Ask, subject: Subject, span: Span | None) -> Q:
        """Whether one owner's facts satisfy the count: in the window, or in (each of) the spans."""
        facts = self._mine(ask, subject, span)
        if self.row is not None and span is None:
            return self._in_each(facts, ask)
        if self.sum:
            return self.count.met_by(self._summed(facts))
        return self.count.met(self._different(facts, ask))

    def _in_each(self, facts: QuerySet[Any], ask: Ask) -> Q:
        """Whether the count holds in every period of the row; without facts a period has no group."""
        assert self.row is not None  # noqa: S101 -- asked only then
        number: Any = Aggregated("pk")
        if self.sum:
            number = SumOfGroup(NumberIn("properties", self.sum))
        elif self.distinct:
            number = Aggregated(self._value(ask), distinct=True)
        groups = facts.values(period=self.row.truncated("occurred_at", ask.zone))
        groups = groups.annotate(number=number)
        holds = self.count.met_by(F("number"))
        if self.count.holds(0):
            return Q(Exact(count_up_to(groups.filter(~holds), 1), 0))
        return Q(GreaterThanOrEqual(count_up_to(groups.filter(holds)), self.row.number))

    def _too_many(self, ask: Ask, subject: Subject) -> Q:
        """No earlier fact could make good for more than the most."""
        if isinstance(self.by, Quantifier):
            return NOBODY
        facts = self._mine(ask, subject, None)
        if self.sum:
            return self.count.exceeded_by(self._summed(facts))
        if self.count.most is None:
            return NOBODY
        return Count((("gt", self.count.most),)).enough(self._different(facts, ask))

    def number(self, ask: Ask, subject: Subject) -> Any:
        """An expression for the number itself: of facts, of different ones, or their sum."""
        facts = self._mine(ask, subject, None)
        return self._summed(facts) if self.sum else count_up_to(self._different(facts, ask))

    def _mine(self, ask: Ask, subject: Subject, span: Span | None) -> QuerySet[Any]:
        """One owner's facts in the window, to be put into a query on the owner."""
        if self.row is not None:
            spans = self.row.spans(ask.now, ask.zone)
            start, end = span or (spans[0][0], spans[-1][1])
            inside = Q(occurred_at__gte=start, occurred_at__lt=end)
        else:
            inside = self._since(ask, subject)
        return self.facts(ask).filter(self._whose(subject), inside, self._about(subject))

    def _summed(self, facts: QuerySet[Any]) -> Any:
        total = SumOf(NumberIn("properties", self.sum))
        return Subquery(facts.values(total=total), output_field=FloatField())

    def _different(self, facts: QuerySet[Any], ask: Ask) -> QuerySet[Any]:
        """The rows that `count` counts."""
        if self.distinct is None:
            return facts.values("pk")
        rows = facts.annotate(value=self._value(ask)).filter(value__isnull=False)
        different: QuerySet[Any] = rows.values("value").distinct()
        return different

    def _value(self, ask: Ask) -> Any:
        """What makes one fact different from another; NULL for one that does not count."""
        assert self.distinct is not None  # noqa: S101 -- asked only then
        if self.distinct.counts_days:
            return day_of("occurred_at", self.distinct.zone or ask.zone)
        return ScalarOf("properties", self.distinct.path)

    def facts(self, ask: Ask) -> QuerySet[Event]:
        """The facts of the name that satisfy `where`, known and past at the moment asked about."""
        tests = [Holds("properties", key.split("."), ops) for key, ops in self.where]
        return Event.objects.filter(
            ask.known(), *tests, name=self.name, occurred_at__lte=ask.now
        ).order_by()

    def _whose(self, subject: Subject) -> Q:
        if self.by == ACCOUNT:
            return Q(account_id=outer(subject.account))
        assert subject.contact is not None  # noqa: S101 -- `check` refused the others
        return Q(contact_id=outer(subject.contact))

    def _since(self, ask: Ask, subject: Subject) -> Q:
        if self.within is None:
            return Q()
        if self.within.span is not None:
            return Q(occurred_at__gt=self.start(ask))
        if self.within.text == ENROLLMENT:
            assert subject.entered_at is not None  # noqa: S101 -- `check` refused the others
            return Q(occurred_at__gt=outer(subject.entered_at))
        entered = stages.entry(subject.below(), ask, self.product, "effective_at")
        origin = stages.entry(subject.below(), ask, self.product, "from_stage")
        # what began the first stage belongs to it; what ended a stage does not count for the next
        return Q(occurred_at__gt=entered) | Q(occurred_at=entered) & Q(Exact(origin, ""))

    def _about(self, subject: Subject) -> Q:
        """Facts of the product asked about, and those that name none (1.9)."""
        if self.product:
            return Q(product__in=("", self.product))
        key = subject.below().product_key()
        if key is None:
            return Q()
        # an enrollment without a contract asks about the facts of every product
        return Q(product="") | Q(product=Coalesce(key, F("product")))

    # --- in memory and in words ---------------------------------------------------------------
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        return event_history.gather(self, rows, ask, detail=detail)

    def sentence(self, evidence: Evidence) -> str:
        return event_words.sentence(self, evidence)


def _refuse_pairs(given: dict[str, At]) -> None:
    """Fields that cannot stand side by side."""
    for word, other in (("sum", "distinct"), ("every", "within"), ("every", "assume_history")):
        if word in given and other in given:
            said = {"one": word, "other": other}
            given[other].refuse(
                "conflict", _("“%(one)s” and “%(other)s” exclude each other.") % said
            )


def _where(at: At) -> tuple[tuple[str, Operators], ...]:
    """Property names and what must hold of them; a dot goes inside."""
    given = at.mapping()
    if len(given) > MOST_PROPERTIES:
        at.refuse("too_complex", _("At most %d properties can be asked for.") % MOST_PROPERTIES)
    for name, value in given.items():
        path_of(value, name)
    return tuple(sorted((name, Operators.read(value)) for name, value in given.items()))


def _by(at: At) -> str | Quantifier:
    if isinstance(at.raw, str):
        return at.choice((ACCOUNT, SELF))
    given = at.fields(Quantifier.WORDS)
    if not given:
        at.refuse("empty", _("Say who: a role, or how many."), Quantifier.WORDS)
    return Quantifier.read(given)
