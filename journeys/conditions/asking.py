"""Who is asked about (`Subject`) and when, with which knowledge (`Ask`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, F, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from journeys.conditions.dialect import among
from journeys.models import Account, Contact, Enrollment, Product, Subscription
from journeys.timing import Days

Column = str | OuterRef


@dataclass(frozen=True)
class Ask:
    """A question's moment: everything up to `now`, as far as it was received by `known_at`.

    `known_at` None asks with hindsight: with everything received to this day.
    """

    now: datetime
    days: Days
    known_at: datetime | None = None

    @property
    def zone(self) -> str:
        """The zone of calendar days (TIME_ZONE)."""
        return self.days.zone

    def known(self, name: str = "received_at") -> Q:
        """Rows that were known here by then."""
        return Q() if self.known_at is None else Q(**{f"{name}__lte": self.known_at})

    def knew(self, moment: datetime | None) -> bool:
        """The same of one moment."""
        return moment is not None and (self.known_at is None or moment <= self.known_at)


@dataclass(frozen=True)
class Row:
    """One subject as the histories need it."""

    id: int
    account: int | None
    contact: int | None = None
    subscription: int | None = None
    product: str | None = None
    known_since: datetime | None = None
    entered_at: datetime | None = None
    enrollment: int | None = None


@dataclass(frozen=True)
class Subject:
    """Where the queried rows keep the ids of what is asked about.

    Each name is a column or annotation of the queried model, None where there is none. `model`
    is what `explain` and `since` read their ids from; by default the kind's own. `is_person`: one
    of the people of somebody who is asked about; `in_segment`: inside a saved condition.
    """

    kind: str
    account: Column
    contact: Column | None = None
    subscription: Column | None = None
    product_id: Column | None = None
    known_since: Column | None = None
    entered_at: Column | None = None
    enrollment: Column | None = None
    model: type[Model] | None = None
    is_person: bool = False
    in_segment: bool = False

    def person(self) -> Subject:
        """One of the account's people, asked about in a query on contacts below this one.

        It stays in the context of the contract and the journey that are the subject's.
        """
        return replace(
            self.below(),
            kind="contact",
            account="account_id",
            contact="pk",
            known_since="known_since",
            model=Contact,
            is_person=True,
        )

    def below(self) -> Subject:
        """The same subject, seen from one query further in."""
        return replace(
            self,
            account=outer(self.account),
            contact=outer(self.contact) if self.contact else None,
            subscription=outer(self.subscription) if self.subscription else None,
            product_id=outer(self.product_id) if self.product_id else None,
            known_since=outer(self.known_since) if self.known_since else None,
            entered_at=outer(self.entered_at) if self.entered_at else None,
            enrollment=outer(self.enrollment) if self.enrollment else None,
        )

    def tenure(self) -> Any:
        """An expression for since when the subject is known."""
        if self.known_since is not None:
            return here(self.known_since)
        if self.kind == "subscription":
            return _known_since(Subscription, self.subscription)
        if self.kind == "contact":
            return _known_since(Contact, self.contact)
        account = _known_since(Account, self.account)
        if self.contact is None:
            return account
        # an enrollment may be of the account itself: then it has no contact
        return Coalesce(_known_since(Contact, self.contact), account)

    def every(self) -> QuerySet[Any]:
        """All rows of the subject's model."""
        return QuerySet(self.model or MODELS[self.kind])

    def rows(self, ids: Iterable[int]) -> list[Row]:
        """The subjects with these ids, by one SELECT."""
        found = self.every().filter(among("pk", ids))
        values = found.values_list(
            "pk",
            here(self.account),
            here(self.contact) if self.contact else Value(None, DateTimeField()),
            here(self.subscription) if self.subscription else Value(None, DateTimeField()),
            self.product_key() or Value(None, DateTimeField()),
            self.tenure(),
            here(self.entered_at) if self.entered_at else Value(None, DateTimeField()),
            here(self.enrollment) if self.enrollment else Value(None, DateTimeField()),
        )
        return [Row(*value) for value in values]

    def product_key(self) -> Any:
        """An expression for the key of the product the subject is about; None without one."""
        if self.product_id is not None:
            return Subquery(Product.objects.filter(pk=outer(self.product_id)).values("key")[:1])
        if self.subscription is None:
            return None
        which = Subscription.objects.filter(pk=outer(self.subscription))
        return Subquery(which.values("product__key")[:1])


def here(column: Column) -> Any:
    """A column in the query it belongs to."""
    return F(column) if isinstance(column, str) else column


def outer(column: Column) -> OuterRef:
    """A column seen from one query further in."""
    return OuterRef(column)


def _known_since(model: type[Model], column: Column | None) -> Any:
    assert column is not None  # noqa: S101 -- every kind names its own id
    return Subquery(
        QuerySet(model).filter(pk=outer(column)).values("known_since")[:1],
        output_field=DateTimeField(),
    )


MODELS: dict[str, type[Model]] = {
    "account": Account,
    "contact": Contact,
    "subscription": Subscription,
    "enrollment": Enrollment,
}
KINDS = tuple(MODELS)
ACCOUNT = Subject(kind="account", account="pk", known_since="known_since")
CONTACT = Subject(kind="contact", account="account_id", contact="pk", known_since="known_since")
SUBSCRIPTION = Subject(
    kind="subscription",
    account="account_id",
    subscription="pk",
    product_id="product_id",
    known_since="known_since",
)
ENROLLMENT = Subject(
    kind="enrollment",
    account="account_id",
    contact="contact_id",
    subscription="subscription_id",
    entered_at="entered_at",
    enrollment="pk",
)


def one_of_kind(kind: str) -> Subject:
    """The ready-made subject of a kind."""
    return {s.kind: s for s in (ACCOUNT, CONTACT, SUBSCRIPTION, ENROLLMENT)}[kind]
