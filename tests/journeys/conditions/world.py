"""Small worlds made of rows, and three ways to ask about them that must agree."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from journeys.conditions import ACCOUNT, Ask, Subject, compile, parse
from journeys.conditions.memory import Memory
from journeys.models import (
    Account,
    Contact,
    Event,
    Lifecycle,
    LifecycleVersion,
    Membership,
    Person,
    Product,
    StageTransition,
    Subscription,
    TraitChange,
)
from journeys.timing import Days

NOW = datetime(
    2026, 5, 11, 1, 0, tzinfo=UTC
)  # Monday 10:00 in Tokyo, the first day after a week off
LONG_AGO = NOW - timedelta(days=400)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def asked(now: datetime = NOW, known_at: datetime | None = None) -> Ask:
    return Ask(now=now, days=Days(), known_at=known_at)


def account(key: str = "a", known_since: datetime | None = LONG_AGO) -> Account:
    return Account.objects.create(external_id=key, name=key, known_since=known_since)


def contact(of: Account, key: str = "c", *, roles: Iterable[str] = (), **more: Any) -> Contact:
    """A member of the account since long ago, with roles; `known_since` may be given."""
    more = {"known_since": LONG_AGO} | more
    person = Person.objects.create(name=key)
    made = Contact.objects.create(user_id=key, name=key, account=of, person=person, **more)
    for role in ("", *roles):
        member(made, role)
    return made


def member(
    who: Contact, role: str = "", since: datetime = LONG_AGO, until: datetime | None = None,
    received: datetime | None = None, end_received: datetime | None = None,
) -> Membership:  # fmt: skip
    assert who.account
    return Membership.objects.create(
        contact=who, account=who.account, role=role, from_at=since, to_at=until,
        received_at=received or since, ended_received_at=end_received or until,
    )  # fmt: skip


def subscription(of: Account, product: str = "aaa", **more: Any) -> Subscription:
    made, _new = Product.objects.get_or_create(key=product, defaults={"name": product})
    more = {"known_since": LONG_AGO} | more
    return Subscription.objects.create(account=of, product=made, **more)


def move(
    of: Subscription, stage: str, at: datetime, seq: int = 1, came_from: str = "",
    decided: datetime | None = None, corrects: int | None = None,
) -> StageTransition:  # fmt: skip
    return StageTransition.objects.create(
        subscription=of, account_id=of.account_id, version_id=1, seq=seq, to_stage=stage,
        from_stage=came_from, effective_at=at, decided_at=decided or at, corrects=corrects,
        cause="criteria",
    )  # fmt: skip


def version() -> LifecycleVersion:
    product = Product.objects.create(key="any", name="any")
    lifecycle = Lifecycle.objects.create(key="any", name="any", product=product)
    return LifecycleVersion.objects.create(
        lifecycle=lifecycle, number=1, status="published", document={}, document_hash=""
    )


def fact(
    of: Account | None = None, name: str = "x", at: datetime | None = None, *,
    by: Contact | None = None, product: str = "", received: datetime | None = None, **said: Any,
) -> Event:  # fmt: skip
    at = at or ago(hours=1)
    owner = of or (by.account if by else None)
    return Event.objects.create(
        account=owner, contact=by, name=name, occurred_at=at, received_at=received or at,
        product=product, properties=said,
    )  # fmt: skip


def trait(
    of: Account | Contact | Subscription, name: str, value: Any, at: datetime = LONG_AGO,
    received: datetime | None = None,
) -> TraitChange:  # fmt: skip
    return TraitChange.objects.create(
        of=of._meta.model_name or "", subject_id=of.pk, name=name, value=value, occurred_at=at,
        received_at=received or at,
    )  # fmt: skip


def verdict(
    raw: Any, of: Any, ask: Ask | None = None, subject: Subject = ACCOUNT, kind: str | None = None
) -> str:
    """met, not_met or unknown for one row: by the two predicates, and the same from memory."""
    node, ask = parse(raw, subject=kind or subject.kind), ask or asked()
    here = subject.every().filter(pk=of.pk)
    met = here.filter(compile(node, True, ask, subject)).exists()
    not_met = here.filter(compile(node, False, ask, subject)).exists()
    assert not (met and not_met)
    answer = "met" if met else "not_met" if not_met else "unknown"
    remembered = Memory(node, subject.rows([of.pk]), ask).verdict(of.pk, ask.now)
    assert remembered == answer, f"in memory {remembered}, in the database {answer}: {raw}"
    return answer
