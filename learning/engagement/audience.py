"""For whom an item is meant: people of today, in the stages their companies were in (R73)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

from journeys.models import Contact, Membership
from learning.engagement.asking import Question
from learning.engagement.items import Item
from learning.engagement.stays import Route

Visit = tuple[str, str]  # product, stage


@dataclass(frozen=True)
class Type:
    """All people of whom an item's audience cannot tell one from another."""

    roles: frozenset[str]
    visits: frozenset[Visit]


@dataclass
class Audience:
    """People by contact id. Whether an item is meant for them is asked once a type of people."""

    question: Question
    type_of: dict[int, Type]
    account_of: dict[int, int]
    roles: tuple[str, ...]
    _sizes: Counter[Type] = field(init=False)
    _meant: dict[tuple[UUID, Type], bool] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._sizes = Counter(self.type_of.values())

    def is_meant(self, item: Item, contact_id: int) -> bool:
        """Whether `item` is meant for a contact; never for somebody who is not in the audience."""
        people = self.type_of.get(contact_id)
        return people is not None and self._is_meant(item, people)

    def targeted(self, item: Item) -> list[int]:
        """The contacts an item is meant for."""
        return [contact for contact, people in self.type_of.items() if self._is_meant(item, people)]

    def count(self, item: Item) -> int:
        """How many contacts an item is meant for."""
        return sum(n for people, n in self._sizes.items() if self._is_meant(item, people))

    def anyone(self, items: Sequence[Item]) -> list[int]:
        """The contacts at least one of the items is meant for."""
        meant = {
            people for people in self._sizes if any(self._is_meant(item, people) for item in items)
        }
        return [contact for contact, people in self.type_of.items() if people in meant]

    def accounts(self, contacts: Iterable[int]) -> set[int]:
        return {self.account_of[contact] for contact in contacts}

    def _is_meant(self, item: Item, people: Type) -> bool:
        if (item.key, people) not in self._meant:
            self._meant[item.key, people] = is_meant(item, people, self.question)
        return self._meant[item.key, people]


def is_meant(item: Item, people: Type, question: Question) -> bool:
    """Role, product and stage together; the stage must be one of the right product's contract."""
    for door in item.doors:
        if door.roles and not door.roles & people.roles:
            return False
    if question.role and question.role not in people.roles:
        return False
    stages = stages_of(item, question)
    products = [door.products for door in item.doors if door.products]
    if not stages and not products:
        return True
    return any(
        (not stages or stage in stages) and all(product in allowed for allowed in products)
        for product, stage in people.visits
    )


def stages_of(item: Item, question: Question) -> frozenset[str]:
    """The stages that are looked at: the item's, or the one that was asked for."""
    return frozenset({question.stage}) if question.stage else item.stages


def is_asked_for(item: Item, question: Question) -> bool:
    """Whether an item is in the report: of the kind, for the stage and for the role asked for."""
    return (
        (not question.kind or item.kind == question.kind)
        and (not question.stage or not item.stages or question.stage in item.stages)
        and all(
            not question.role or not door.roles or question.role in door.roles
            for door in item.doors
        )
    )


def audience(question: Question, route: Route) -> Audience:
    """Current contacts of today with their open memberships, without our own staff; 2 queries."""
    visits = _visits(question, route)
    roles = _roles(question.now)
    people = (
        Contact.objects.filter(is_current=True, account__isnull=False)
        .exclude(person__user__is_staff=True)
        .order_by("pk")
        .values_list("pk", "account_id")
    )
    account_of = {contact: account for contact, account in people if contact in roles}
    types = {
        contact: Type(roles[contact], visits[account]) for contact, account in account_of.items()
    }
    every = sorted({role for held in roles.values() for role in held})
    return Audience(question, types, account_of, tuple(every))


def _visits(question: Question, route: Route) -> dict[int, frozenset[Visit]]:
    """Per account: in which stages of which products it was within the period."""
    found: dict[int, set[Visit]] = defaultdict(set)
    for contract in route.contracts:
        found[contract.account_id].add((contract.product, ""))
    for stay in route.stays:
        if stay.overlaps(question.since, question.until):
            found[stay.account_id].add((stay.product, stay.stage))
    return defaultdict(frozenset, {account: frozenset(rows) for account, rows in found.items()})


def _roles(now: datetime) -> dict[int, frozenset[str]]:
    """Roles that contacts hold at `now`; who is in no account now has no entry."""
    rows = Membership.objects.filter(
        Q(to_at=None) | Q(to_at__gt=now), from_at__lte=now, account=F("contact__account")
    )
    held: dict[int, set[str]] = defaultdict(set)
    for contact, role in rows.values_list("contact_id", "role"):
        held[contact].update([role] if role else [])
    return {contact: frozenset(roles) for contact, roles in held.items()}
