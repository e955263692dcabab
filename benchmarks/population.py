"""A vendor of any size; the same number gives the same rows on both databases.

Eight contacts an account, ten facts a contact over 90 days, three accounts of ten in the stage that
is measured, one contact of four an approver.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from benchmarks.loading import load
from journeys import db
from journeys.models import (
    Account,
    Contact,
    Event,
    Lifecycle,
    LifecycleVersion,
    Membership,
    Person,
    Product,
    Stage,
    Subscription,
    TraitChange,
    VersionStatus,
)

NOW = datetime(2026, 7, 8, 0, 0, tzinfo=UTC)
BEGIN = NOW - timedelta(days=90)
CONTACTS_AN_ACCOUNT = 8
EVENTS_A_CONTACT = 10
NAMES = ("login", "invoice.created", "report.read", "approved", "expense.filed", "course.completed")
WEIGHTS = (35, 25, 15, 12, 8, 5)


@dataclass(frozen=True)
class Population:
    """How many there are, and the stage whose customers are asked about."""

    contacts: int
    accounts: int
    events: int
    stage: int
    in_stage: int


def populate(contacts: int) -> Population:
    """Fill an empty, migrated database."""
    dice = random.Random(42)  # noqa: S311 -- to be repeated, not to be secret
    accounts = contacts // CONTACTS_AN_ACCOUNT
    version, here, elsewhere = _route()
    _accounts(accounts, version, (here, elsewhere), dice)
    _people(contacts, accounts, dice)
    events = contacts * EVENTS_A_CONTACT
    load(
        Event,
        ("id", "uid", "account_id", "contact_id", "name", "occurred_at", "received_at",
         "properties"),
        _events(events, contacts, accounts, dice),
    )  # fmt: skip
    settle()
    in_stage = Subscription.objects.filter(stage=here).count()
    return Population(contacts, accounts, events, here.pk, in_stage)


def settle() -> None:
    """Let the database look at what it has."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if db.is_postgres() else "ANALYZE")


def _uid(dice: random.Random) -> UUID:
    return UUID(int=dice.getrandbits(128))


def _route() -> tuple[LifecycleVersion, Stage, Stage]:
    product = Product.objects.create(key="app", name="App")
    route = Lifecycle.objects.create(key="route", name="Route", product=product)
    version = LifecycleVersion.objects.create(
        lifecycle=route, number=1, status=VersionStatus.PUBLISHED, document={}, published_at=BEGIN
    )
    here, elsewhere = (
        Stage.objects.create(version=version, key=key, name=key, position=n, at_least=1)
        for n, key in enumerate(("here", "elsewhere"))
    )
    return version, here, elsewhere


def _accounts(
    many: int, version: LifecycleVersion, stages: tuple[Stage, Stage], dice: random.Random
) -> None:
    load(
        Account,
        ("id", "uid", "external_id", "name", "known_since"),
        ((n, _uid(dice), f"a{n}", f"Account {n}", BEGIN) for n in range(1, many + 1)),
    )
    product = version.lifecycle.product_id
    load(
        Subscription,
        ("id", "uid", "account_id", "product_id", "version_id", "stage_id", "stage_entered_at",
         "started_at", "known_since"),
        (
            (n, _uid(dice), n, product, version.pk, stages[dice.random() >= 0.3].pk, BEGIN, BEGIN,
             BEGIN)
            for n in range(1, many + 1)
        ),
    )  # fmt: skip
    load(
        TraitChange,
        ("id", "of", "subject_id", "account_id", "name", "value", "occurred_at", "received_at"),
        _traits(many, dice),
    )


def _traits(accounts: int, dice: random.Random) -> Iterator[tuple[Any, ...]]:
    for n in range(1, accounts + 1):
        plan = dice.choices(("free", "starter", "pro", "team"), (4, 3, 2, 1))[0]
        yield 2 * n - 1, "account", n, n, "plan", plan, BEGIN, BEGIN
        yield 2 * n, "account", n, n, "seats", int(dice.paretovariate(1.2) * 4), BEGIN, BEGIN


def _people(many: int, accounts: int, dice: random.Random) -> None:
    load(
        Person,
        ("id", "uid", "name"),
        ((n, _uid(dice), f"Person {n}") for n in range(1, many + 1)),
    )
    load(
        Contact,
        ("id", "uid", "user_id", "person_id", "account_id", "is_current", "name", "known_since"),
        (
            (n, _uid(dice), f"u{n}", n, _account_of(n, accounts), True, f"Person {n}", BEGIN)
            for n in range(1, many + 1)
        ),
    )
    load(
        Membership,
        ("id", "contact_id", "account_id", "role", "from_at", "received_at"),
        _memberships(many, accounts),
    )


def _account_of(contact: int, accounts: int) -> int:
    return (contact - 1) // CONTACTS_AN_ACCOUNT % accounts + 1


def _memberships(contacts: int, accounts: int) -> Iterator[tuple[Any, ...]]:
    for n in range(1, contacts + 1):
        role = "approver" if n % 4 == 0 else "user"
        yield 2 * n - 1, n, _account_of(n, accounts), "", BEGIN, BEGIN
        yield 2 * n, n, _account_of(n, accounts), role, BEGIN, BEGIN


def _events(
    many: int, contacts: int, accounts: int, dice: random.Random
) -> Iterator[tuple[Any, ...]]:
    """In the order of their time, as they arrive; a few people do most of what is done."""
    step = timedelta(days=90) / many
    names = dice.choices(NAMES, WEIGHTS, k=4096)
    for n in range(1, many + 1):
        contact = min(contacts, 1 + int(contacts * dice.random() ** 2))
        at = BEGIN + step * n
        properties = {"amount": n % 5000}
        yield n, _uid(dice), _account_of(contact, accounts), contact, names[n & 4095], at, at, \
            properties  # fmt: skip
