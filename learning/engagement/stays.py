"""When each contract was in which stage, out of the moves of its route."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest

from django.db.models import Q

from journeys.models import Stage, StageTransition, Subscription


@dataclass(frozen=True)
class Stay:
    """One contract in one stage from `from_at` (included) to `to_at` (not included; None = still).

    `went_on`: it ended by moving forward on the route, not back and not with the contract.
    """

    subscription_id: int
    account_id: int
    product: str
    stage: str
    from_at: datetime
    to_at: datetime | None
    went_on: bool = False

    def overlaps(self, since: datetime, until: datetime) -> bool:
        return self.from_at < until and (self.to_at is None or self.to_at > since)

    def holds(self, moment: datetime) -> bool:
        return self.from_at <= moment and (self.to_at is None or moment < self.to_at)


@dataclass(frozen=True)
class Contract:
    """A live contract as it is now."""

    pk: int
    account_id: int
    product: str
    stage: str | None
    due_on: date | None


@dataclass(frozen=True)
class Route:
    """Live contracts, their stays in order of time, and the names of stages by key."""

    contracts: tuple[Contract, ...]
    stays: tuple[Stay, ...]
    names: dict[str, str]


def route(now: datetime) -> Route:
    """Where the contracts that live at `now` were and are; 3 queries.

    A move counts from its earliest known effective_at: a correction replaces what it corrects.
    """
    positions, names = _stages()
    live = Subscription.objects.filter(Q(ended_at=None) | Q(ended_at__gt=now))
    contracts = tuple(
        Contract(*row)
        for row in live.order_by("pk").values_list(
            "pk", "account_id", "product__key", "stage__key", "stage_due_on"
        )
    )
    moves = _moves(live.values("pk"))
    stays = [stay for one in contracts for stay in _stays(one, moves[one.pk], positions)]
    return Route(contracts, tuple(stays), names)


def _stages() -> tuple[dict[tuple[int, str], int], dict[str, str]]:
    """Position by (version, key), and the newest version's name by key in route order."""
    rows = list(
        Stage.objects.order_by("version", "position").values_list(
            "version_id", "key", "position", "name"
        )
    )
    positions = {(version, key): position for version, key, position, _name in rows}
    newest: dict[str, tuple[int, str]] = {}
    for _version, key, position, name in rows:
        newest[key] = (position, name)
    ordered = sorted(newest.items(), key=lambda pair: pair[1][0])
    return positions, {key: name for key, (_position, name) in ordered}


@dataclass(frozen=True)
class _Move:
    at: datetime
    stage: str
    version: int


def _moves(subscriptions: object) -> dict[int, list[_Move]]:
    """Moves of each subscription in order, each from the earliest moment known for it."""
    rows = StageTransition.objects.filter(subscription__in=subscriptions).order_by("pk")
    place: dict[int, tuple[int, int]] = {}
    earliest: dict[tuple[int, int], _Move] = {}
    for pk, corrects, subscription, seq, at, stage, version in rows.values_list(
        "pk", "corrects", "subscription_id", "seq", "effective_at", "to_stage", "version_id"
    ):
        place[pk] = where = place.get(corrects or 0, (subscription, seq))
        known = earliest.get(where)
        if known is None or at < known.at:
            earliest[where] = _Move(at, stage, version)
    moves: dict[int, list[_Move]] = defaultdict(list)
    for (subscription, _seq), move in sorted(earliest.items(), key=lambda pair: pair[0]):
        moves[subscription].append(move)
    return moves


def _stays(
    contract: Contract, moves: list[_Move], positions: dict[tuple[int, str], int]
) -> list[Stay]:
    """The stays of one contract; a move to the same stage (of another version) parts none."""
    found: list[Stay] = []
    begun: _Move | None = None
    for move, following in zip_longest(moves, moves[1:]):
        begun = begun or move
        if following is not None and following.stage == move.stage:
            continue
        found.append(
            Stay(
                contract.pk,
                contract.account_id,
                contract.product,
                move.stage,
                begun.at,
                following.at if following else None,
                following is not None and _is_forward(move, following, positions),
            )
        )
        begun = None
    return found


def _is_forward(move: _Move, following: _Move, positions: dict[tuple[int, str], int]) -> bool:
    """Whether the next stage lies further on, by the route that is followed from then on."""
    before = positions.get((following.version, move.stage))
    after = positions.get((following.version, following.stage))
    return before is None or after is None or after > before
