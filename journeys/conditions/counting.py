"""How many (`count`), how many different (`distinct`), and by whom (`by`, and `people`'s share)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_, or_
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import (
    BigIntegerField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Range,
)
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask, Subject, outer
from journeys.conditions.at import At
from journeys.conditions.dialect import Always, SumOfTruth, count_up_to
from journeys.conditions.operators import COMPARE
from journeys.models import Contact, Membership

EVERYBODY, NOBODY = Q(Always(True)), Q(Always(False))
DEEPEST_PROPERTY = 10
_BOUNDS = ("gt", "gte", "lt", "lte", "eq")
_UPPER = ("lt", "lte", "eq")
_LOOKUPS: dict[str, Any] = {
    "gt": GreaterThan, "gte": GreaterThanOrEqual, "lt": LessThan, "lte": LessThanOrEqual,
    "eq": Exact,
}  # fmt: skip


@dataclass(frozen=True)
class Count:
    """`least` ≤ number ≤ `most`; `written` is how the author said it."""

    written: tuple[tuple[str, Any], ...] = (("gte", 1),)

    @classmethod
    def read(cls, at: At, *, of_sum: bool = False) -> Self:
        """Bounds of a number of facts; of a sum they may be any numbers."""
        if not isinstance(at.raw, dict):
            at.refuse("wrong_type", _("Write for example {gte: 3} or {eq: 0}."), _BOUNDS)
        given = at.fields(_BOUNDS)
        if not given:
            at.refuse("empty", _("An operator is needed here."), _BOUNDS)
        number = At.number if of_sum else At.whole
        return cls(tuple(sorted((word, number(value)) for word, value in given.items())))

    @property
    def least(self) -> int:
        lower = {"gt": 1, "gte": 0, "eq": 0}
        return max((n + lower[word] for word, n in self.written if word in lower), default=0)

    @property
    def most(self) -> int | None:
        upper = {"lt": -1, "lte": 0, "eq": 0}
        return min((n + upper[word] for word, n in self.written if word in upper), default=None)

    @property
    def is_absence(self) -> bool:
        """Whether no facts satisfy it and more facts could break it (contracts 1.4, 1.6)."""
        return self.least <= 0 and self.most is not None

    @property
    def decides(self) -> int:
        """A number of which every larger one has the same verdict."""
        return max(self.least, -1 if self.most is None else self.most + 1, 1)

    def holds(self, number: float) -> bool:
        return all(COMPARE[word](number, wanted) for word, wanted in self.written)

    def exceeded(self, number: float) -> bool:
        """Whether an upper bound is passed."""
        upper = (pair for pair in self.written if pair[0] in _UPPER)
        return any(number > n or (word == "lt" and number == n) for word, n in upper)

    def met_by(self, number: Any) -> Q:
        """Whether an expression for a number that is never NULL keeps within the bounds."""
        return reduce(and_, (Q(_LOOKUPS[word](number, n)) for word, n in self.written))

    def exceeded_by(self, number: Any) -> Q:
        """Whether it passes an upper bound."""
        upper = [(word, n) for word, n in self.written if word in _UPPER]
        over = {"lt": GreaterThanOrEqual, "lte": GreaterThan, "eq": GreaterThan}
        return reduce(or_, (Q(over[word](number, n)) for word, n in upper), NOBODY)

    def body(self) -> dict[str, Any]:
        return dict(self.written)

    def met(self, rows: QuerySet[Any]) -> Q:
        """Whether the query gives such a number of rows; probes no further than it must."""
        least, most = self.least, self.most
        if most is None:
            return self.enough(rows)
        if most < max(least, 0):
            return NOBODY
        counted = count_up_to(rows, most + 1)
        if least <= 0:
            return Q(LessThanOrEqual(counted, most))
        return Q(Range(counted, (least, most)))

    def enough(self, rows: QuerySet[Any]) -> Q:
        """Whether the query gives at least the least number.

        Also for 1 a count that stops early and no EXISTS: PostgreSQL turns EXISTS into a join with
        every fact of the name, which is a loss as soon as not all customers are asked about.
        """
        if self.least <= 0:
            return EVERYBODY
        if rows.query.distinct:  # SQLite forgets DISTINCT in a sub-select of one row
            return Q(GreaterThanOrEqual(count_up_to(rows, self.least), self.least))
        return there_is(rows, self.least)


def there_is(rows: QuerySet[Any], number: int = 1) -> Q:
    """Whether the query gives at least so many rows (which are never NULL); looks no further.

    One sub-select flat: SQLite's parser takes only so many inside one another.
    """
    return Q(IsNull(Subquery(rows[number - 1 : number]), False))


ONCE = Count()


@dataclass(frozen=True)
class Distinct:
    """Different calendar days of a zone, or different values of a property."""

    text: str
    zone: str | None = None
    path: tuple[str, ...] = ()

    @classmethod
    def read(cls, at: At) -> Self:
        text = at.text()
        if text == "day":
            return cls(text)
        if text.startswith("day@"):
            return cls(text, zone=_zone(at, text.removeprefix("day@")))
        return cls(text, path=path_of(at, text))

    @property
    def counts_days(self) -> bool:
        return not self.path


def path_of(at: At, name: str) -> tuple[str, ...]:
    """The keys of a property name, where a dot goes inside."""
    keys = tuple(name.split("."))
    if len(keys) > DEEPEST_PROPERTY:
        at.refuse("too_complex", _("At most %d levels of a property.") % DEEPEST_PROPERTY)
    return keys


def _zone(at: At, name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        at.refuse("unknown_zone", _("“%s” is no time zone.") % name, ("day@UTC", "day@Asia/Tokyo"))


@dataclass(frozen=True)
class Quantifier:
    """How many of an account's people: at least `n` of them, or at least the `share` of them."""

    role: str = ""
    n: int = 1
    share: Fraction | None = None
    every: bool = False

    WORDS = ("role", "at_least", "share", "every")

    @classmethod
    def read(cls, given: dict[str, At]) -> Self:
        """From `role` and one of `at_least`, `share`, `every` among a leaf's fields."""
        numbers = [word for word in ("at_least", "share", "every") if word in given]
        if len(numbers) > 1:
            given[numbers[1]].refuse(
                "conflict", _("Only one of these can stand here."), ("at_least", "share", "every")
            )
        role = given["role"].text() if "role" in given else ""
        if "share" in given:
            return cls(role, share=_share(given["share"]))
        if "every" in given:
            if not given["every"].yes():
                given["every"].refuse("out_of_range", _("Only true makes sense here."), ("true",))
            return cls(role, share=Fraction(1), every=True)
        return cls(role, n=given["at_least"].whole(1) if "at_least" in given else 1)

    def body(self) -> dict[str, Any]:
        role = {"role": self.role} if self.role else {}
        if self.every:
            return role | {"every": True}
        if self.share is not None:
            share = self.share
            return role | {"share": int(share) if share.denominator == 1 else float(share)}
        return role | {"at_least": self.n}

    def holds(self, meeting: int, people: int) -> bool | None:
        """Exactly: 3 of 5 is 0.6. None where there is nobody (contracts 1.8)."""
        if not people:
            return None
        if self.share is None:
            return meeting >= self.n
        return meeting >= self.share * people

    def people(self, ask: Ask, subject: Subject) -> QuerySet[Contact]:
        """The account's people of the role at the moment asked about, to be put into a query."""
        standing = Membership.objects.filter(
            memberships(ask),
            contact=OuterRef("pk"),
            account=OuterRef("account_id"),
            role=self.role,
        )
        return Contact.objects.filter(
            Exists(standing), account_id=outer(subject.account)
        ).order_by()

    def predicate(self, want: bool, people: QuerySet[Contact], meeting: Q) -> Q:
        """Whether enough of the people meet (or not); neither where there is nobody.

        One sum over the people, flat: it is NULL where there is nobody.
        """
        found = people.values(found=SumOfTruth(meeting, self.share))
        total = Subquery(found, output_field=BigIntegerField())
        need = self.n if self.share is None else 0
        return Q(GreaterThanOrEqual(total, need) if want else LessThan(total, need))


def _share(at: At) -> Fraction:
    number = at.scalar()
    if isinstance(number, bool | str):
        at.refuse("wrong_type", _("A number between 0 and 1 is needed here."))
    share = Fraction(repr(number))
    # nine digits: the database multiplies whole numbers
    if not 0 <= share <= 1 or share.denominator > 10**9:
        at.refuse("out_of_range", _("The share must lie between 0 and 1 (at most nine digits)."))
    return share


def memberships(ask: Ask) -> Q:
    """Memberships that stand at the moment asked about, as known."""
    begun = Q(from_at__lte=ask.now) & ask.known()
    if ask.known_at is None:
        return begun & (Q(to_at=None) | Q(to_at__gt=ask.now))
    end_not_known = Q(ended_received_at__gt=ask.known_at)
    return begun & (Q(to_at=None) | Q(to_at__gt=ask.now) | end_not_known)
