"""Telling the house about people from inside: the same words as the HTTP door, without receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from journeys import db
from journeys.models import Account, Contact, Product, Subscription
from journeys.people import reserved
from journeys.people.calls import Call, Kind
from journeys.people.locks import lock
from journeys.people.reserved import BadTrait
from journeys.people.roster import Roster, Whom
from journeys.people.traits import Subject

HOUSE = "junro"


@transaction.atomic
def tell(calls: Sequence[Call], *, received_at: datetime, source: str = HOUSE) -> list[Whom]:
    """Apply identify, group and alias calls in order; whom each is about.

    Traits are taken as they are: `reserved` says which fit. Constant number of statements.
    """
    lock(calls)
    roster = Roster.load(calls, received_at=received_at, source=source, locked=True)
    whom = [roster.tell(call) for call in calls]
    roster.read_contracts()
    roster.settle()
    roster.write()
    return whom


def identify(
    *,
    user_id: str,
    traits: Mapping[str, Any] | None = None,
    account: str = "",
    occurred_at: datetime,
    received_at: datetime,
    source: str = HOUSE,
) -> Contact:
    """Say who a user is; BadTrait (a ValueError) when a reserved trait does not fit.

    Unknown `user_id` and `account` (its external id) begin bare. The contact is the one the user
    was at `occurred_at`.
    """
    clean = _fitting(reserved.clean_contact(traits or {}))
    call = Call(Kind.IDENTIFY, occurred_at, user_id, account, clean)
    contact = tell([call], received_at=received_at, source=source)[0].contact
    assert contact is not None  # noqa: S101 -- the call names a user
    return contact


def group(
    *,
    account: str,
    traits: Mapping[str, Any] | None = None,
    user_id: str = "",
    occurred_at: datetime,
    received_at: datetime,
    source: str = HOUSE,
) -> Account:
    """Say what an account is, and that `user_id` (if given) is in it from `occurred_at` on.

    BadTrait (a ValueError) when a reserved trait does not fit.
    """
    clean = _fitting(reserved.clean_account(traits or {}))
    call = Call(Kind.GROUP, occurred_at, user_id, account, clean)
    found = tell([call], received_at=received_at, source=source)[0].account
    assert found is not None  # noqa: S101 -- the call names an account
    return found


def alias(*, previous_id: str, user_id: str, occurred_at: datetime, received_at: datetime) -> None:
    """Two user ids are one human: consent, caps and addresses are theirs in common."""
    call = Call(Kind.ALIAS, occurred_at, user_id, previous_id=previous_id)
    tell([call], received_at=received_at)


@transaction.atomic
def set_traits(
    said: Sequence[tuple[Subject, Mapping[str, Any], datetime]],
    *,
    received_at: datetime,
    source: str = HOUSE,
) -> None:
    """Append traits of accounts, contacts or contracts: (noun, {name: value}, occurred_at) each.

    None removes a trait. Caches and columns follow; the nouns given are brought up to date too.
    Constant number of statements.
    """
    for kind in (Contact, Account, Subscription):
        _refresh(kind, {subject.pk: subject for subject, _t, _m in said if type(subject) is kind})
    roster = Roster(received_at, source)
    for subject, traits, moment in said:
        roster.traits.say(subject, traits, moment)
    roster.settle()
    roster.write()


def _refresh(kind: type[Any], subjects: Mapping[int, Any]) -> None:
    """Hold the rows and take their traits as they stand; one SELECT if there are any."""
    rows = db.hold(kind.objects.filter(pk__in=subjects).order_by("pk")) if subjects else ()
    for row in rows:
        subjects[row.pk].traits = row.traits


@transaction.atomic
def subscribe(
    *,
    account: Account,
    product: Product,
    traits: Mapping[str, Any] | None = None,
    started_on: date | None = None,
    received_at: datetime,
    source: str = HOUSE,
) -> Subscription:
    """The account's live contract for a product, begun if there is none.

    Without `started_on` it starts with the account's known_since, if the product's rule is what
    subscribes it, else at `received_at` (contracts 3).
    """
    start = {"started_on": started_on.isoformat()} if started_on else {}
    own = _fitting(reserved.clean(traits or {}, reserved.OF_SUBSCRIPTION, "traits"))
    entry = {"product": product.key} | own | start
    call = Call(Kind.GROUP, received_at, "", account.external_id, {"subscriptions": [entry]})
    lock([call])
    roster = Roster(received_at, source)
    roster.contracts.locked = True
    roster.named.append((account, call))
    roster.concerned[account.uid] = account
    roster.read_contracts()
    roster.settle()
    roster.write()
    return roster.contracts.of[account.uid][product.key]


def _fitting(cleaned: reserved.Cleaned) -> dict[str, Any]:
    fitting, problems = cleaned
    if problems:
        raise BadTrait(problems[0].message)
    return fitting
