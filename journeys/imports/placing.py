"""Contracts that are mid-way when they come: put in their stage, in silence (contracts 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from journeys import db, ledger
from journeys.calendars import days_at
from journeys.imports import values
from journeys.imports.entries import Entry, Place
from journeys.lifecycle.entering import due_on, newest_seq, placed
from journeys.models import LifecycleVersion, Stage, StageTransition, Subscription, VersionStatus
from journeys.timing import Days

Placed = tuple[Subscription, Place, Stage]


def place(entries: Sequence[Entry], now: datetime) -> tuple[set[int], list[StageTransition]]:
    """Put the entries' contracts in the stages they name; their accounts, and the moves made.

    effective_at is the day of entry (else the contract's start), the deadline counts from there. A
    contract that is in that stage already is left alone. The number of statements does not grow
    with the entries. Needs a transaction.
    """
    wanted = {(e.account, e.place.product): e.place for e in entries if e.place}
    if not wanted:
        return set(), []
    stages = _stages()
    there = Subscription.objects.filter(
        ended_at=None,
        account__external_id__in={account for account, _product in wanted},
        product__key__in={product for _account, product in wanted},
    ).select_related("account", "product", "stage", "version")
    contracts = [
        (sub, found, stages[found.product, found.stage])
        for sub in db.hold(there.order_by("pk"))
        if (found := wanted.get((sub.account.external_id, sub.product.key)))
    ]
    moves = _write([one for one in contracts if not _is_there(one)], now)
    return {sub.account_id for sub, _place, _stage in contracts}, moves


def _stages() -> Mapping[tuple[str, str], Stage]:
    published = Stage.objects.filter(version__status=VersionStatus.PUBLISHED)
    rows = published.select_related("version__lifecycle__product").order_by("version_id")
    return {(stage.version.lifecycle.product.key, stage.key): stage for stage in rows}


def _is_there(one: Placed) -> bool:
    sub, _place, stage = one
    return sub.stage is not None and sub.stage.key == stage.key


def _write(contracts: Sequence[Placed], now: datetime) -> list[StageTransition]:
    if not contracts:
        return []
    days = days_at(now)
    numbers = newest_seq([sub.pk for sub, _place, _stage in contracts])
    moves, changes = [], []
    for sub, where, stage in contracts:
        move, change = _move(sub, where, stage, numbers.get(sub.pk, 0) + 1, now, days)
        moves.append(move)
        changes.append(change)
    db.insert(moves)
    db.update(Subscription, changes)
    ledger.write(
        ledger.about_subscription(
            sub, now, ledger.Verdict.ADVANCED, ledger.Reason.BY_HAND, rule=stage.key,
            evidence={"import": True, "stage": stage.name},
        )
        for sub, _place, stage in contracts
    )  # fmt: skip
    return moves


def _move(
    sub: Subscription, where: Place, stage: Stage, seq: int, now: datetime, days: Days
) -> tuple[StageTransition, dict[str, Any]]:
    version: LifecycleVersion = stage.version
    since = min(values.begins(where.entered_on) if where.entered_on else sub.started_at or now, now)
    due = due_on(stage, sub.started_at, since, days)
    move = StageTransition(
        subscription=sub,
        account_id=sub.account_id,
        version_id=version.pk,
        seq=seq,
        from_stage=sub.stage.key if sub.stage else "",
        to_stage=stage.key,
        to_stage_name=stage.name,
        effective_at=since,
        decided_at=now,
        due_on=due,
        cause=StageTransition.Cause.IMPORT,
    )
    return move, placed(sub, stage, version, since, due)
