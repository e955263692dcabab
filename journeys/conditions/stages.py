"""Which stage a subscription was in at a moment, for the `stage` leaf and `within: stage`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from journeys.conditions.asking import Ask, Row, Subject, outer
from journeys.conditions.dialect import among
from journeys.models import StageTransition, Subscription

_NEWEST = ("-seq", "-decided_at", "-id")


def moves(ask: Ask, **which: Any) -> QuerySet[StageTransition]:
    """A subscription's moves as known, the one that holds first."""
    known = ask.known("decided_at")
    return StageTransition.objects.filter(known, effective_at__lte=ask.now, **which).order_by(
        *_NEWEST
    )


def subscriptions(subject: Subject, ask: Ask, product: str = "") -> QuerySet[Subscription]:
    """The subscriptions a stage is asked about, to be put into a query on the subject.

    A subscription asks about itself, an account or a contact about any of the account's; with a
    product it is the account's subscription to that one.
    """
    of_account = Subscription.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=ask.now), account_id=outer(subject.account)
    )
    if product:
        return of_account.filter(product__key=product)
    if subject.subscription is None:
        return of_account
    own = outer(subject.subscription)
    if subject.kind == "subscription":
        return Subscription.objects.filter(pk=own)
    # an enrollment need not be about a subscription: then any of the account's counts
    return Subscription.objects.filter(
        Q(pk=own) | Q(IsNull(own, True), Q(ended_at=None) | Q(ended_at__gt=ask.now)),
        account_id=outer(subject.account),
    )


def entry(subject: Subject, ask: Ask, product: str, column: str) -> Subquery:
    """A column of the move into the current stage, seen from a query below the subject's."""
    of = subscriptions(subject, ask, product)
    if not product:
        assert subject.subscription is not None  # noqa: S101 -- `check` refused the others
        # who is about no contract is in no stage: nothing lies inside the window then
        of = Subscription.objects.filter(pk=outer(subject.subscription))
    newest = moves(ask, subscription=OuterRef("pk")).values(column)[:1]
    return Subquery(of.values(found=Subquery(newest))[:1])


@dataclass(frozen=True)
class Move:
    """One known move of one subscription."""

    at: datetime
    order: tuple[int, datetime, int]
    stage: str
    is_first: bool


class Path:
    """A subscription's known moves, in memory."""

    def __init__(self, moves_of: Iterable[Move]) -> None:
        self.moves = sorted(moves_of, key=lambda m: m.order)

    def current(self, at: datetime) -> Move | None:
        """The move into the stage that held at `at`."""
        return next((m for m in reversed(self.moves) if m.at <= at), None)

    def was(self, stage: str, at: datetime) -> bool:
        return any(m.stage == stage and m.at <= at for m in self.moves)


@dataclass(frozen=True)
class Standing:
    """A subscription's path, whose it is, and until when it lives."""

    id: int
    account: int
    product: str
    ended_at: datetime | None
    path: Path

    def lives(self, at: datetime) -> bool:
        return self.ended_at is None or self.ended_at > at


def standings(rows: Sequence[Row], ask: Ask, product: str) -> Mapping[int, list[Standing]]:
    """The subscriptions behind each row, by row id, by one SELECT."""
    found = StageTransition.objects.filter(
        ask.known("decided_at"),
        among("account_id", [row.account for row in rows]),
        effective_at__lte=ask.now,
    ).values_list(
        "subscription_id", "effective_at", "seq", "decided_at", "id", "to_stage", "from_stage",
        "account_id", "subscription__product__key", "subscription__ended_at",
    )  # fmt: skip
    moves_of: dict[int, list[Move]] = defaultdict(list)
    about: dict[int, tuple[int, str, datetime | None]] = {}
    for sub, at, seq, decided, pk, stage, before, account, key, ended in found:
        moves_of[sub].append(Move(at, (seq, decided, pk), stage, not before))
        about[sub] = (account, key or "", ended)
    by_account: dict[int, list[Standing]] = defaultdict(list)
    for sub, (account, key, ended) in about.items():
        by_account[account].append(Standing(sub, account, key, ended, Path(moves_of[sub])))
    return {row.id: _of(row, by_account.get(row.account or 0, []), product) for row in rows}


def _of(row: Row, of_account: list[Standing], product: str) -> list[Standing]:
    if product:
        return [s for s in of_account if s.product == product]
    if row.subscription is None:
        return of_account
    own = [s for s in of_account if s.id == row.subscription]
    # a contract that is the subject is asked about even after its end
    return [Standing(s.id, s.account, s.product, None, s.path) for s in own]
