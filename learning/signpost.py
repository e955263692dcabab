"""Where a customer stands, and the one next step (R5): what the home page and the route show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from journeys import lifecycle
from journeys.calendars import days_at
from journeys.lifecycle import Item
from journeys.lifecycle.entering import due_on
from journeys.models import Stage, Subscription
from journeys.timing import Days
from learning.wording import Deadline, deadline


@dataclass(frozen=True)
class Board:
    """One subscription as its people see it at `now`.

    `state`: none (no contract), waiting (not on the route yet), stage (something is missing),
    ready (all done, the engine moves on within a minute), finished (the end of the route).
    """

    now: datetime
    state: str = "none"
    subscription: Subscription | None = None
    stages: tuple[Stage, ...] = ()
    items: tuple[Item, ...] = ()
    next: Item | None = None
    is_mine: bool = False
    due: Deadline | None = None
    others: tuple[Subscription, ...] = field(default=())

    @property
    def stage(self) -> Stage | None:
        return self.subscription.stage if self.subscription else None

    @property
    def required(self) -> list[Item]:
        return [item for item in self.items if item.required]

    @property
    def done(self) -> int:
        return sum(item.met for item in self.required)

    @property
    def number(self) -> int:
        """Place of the next step among the required ones, from 1."""
        keys = [item.key for item in self.required]
        return keys.index(self.next.key) + 1 if self.next and self.next.key in keys else 0

    @property
    def marks(self) -> list[tuple[Stage, str]]:
        """(stage, "is-done" | "is-here" | "") in route order."""
        here = self.stage.position if self.stage else -1
        last = self.state == "finished"
        return [
            (stage, "is-done" if stage.position < here or (last and stage.position == here)
             else "is-here" if stage.position == here else "")
            for stage in self.stages
        ]  # fmt: skip


def live_subscriptions(account_id: int) -> list[Subscription]:
    """An account's live contracts, the one due first in front; 1 query."""
    rows = Subscription.objects.filter(account=account_id, ended_at=None).select_related(
        "product", "stage", "version__lifecycle", "account__owner"
    )
    return sorted(rows, key=lambda sub: (sub.stage is None, str(sub.stage_due_on or "9"), sub.pk))


def board(account_id: int, roles: Iterable[str], now: datetime, *, product: str = "") -> Board:
    """The board of an account's contract (of `product`, else the one due first) at `now`."""
    subscriptions = live_subscriptions(account_id)
    if not subscriptions:
        return Board(now=now)
    chosen = next((s for s in subscriptions if s.product.key == product), subscriptions[0])
    others = tuple(s for s in subscriptions if s is not chosen)
    if chosen.stage is None or chosen.version is None:
        return Board(now=now, state="waiting", subscription=chosen, others=others)
    items = tuple(lifecycle.checklist(chosen, now))
    step, is_mine = next_step(items, frozenset(roles))
    return Board(
        now=now,
        state="stage" if step else ("ready" if items else "finished"),
        subscription=chosen,
        stages=tuple(chosen.version.stages.order_by("position")),
        items=items,
        next=step,
        is_mine=is_mine,
        due=deadline(chosen.stage_due_on, now, days_at(now)),
        others=others,
    )


def next_step(items: Iterable[Item], roles: frozenset[str]) -> tuple[Item | None, bool]:
    """The first required step still missing that is for one of `roles`, else anybody's first.

    The flag says whether it is for this reader. Whose roles are unknown is asked for everything.
    """
    missing = [item for item in items if item.required and not item.met]
    mine = [item for item in missing if not item.who or not roles or item.who in roles]
    if mine:
        return mine[0], True
    return (missing[0], False) if missing else (None, False)


def due_of(stage: Stage, subscription: Subscription, days: Days) -> date | None:
    """The day by whose end `stage` should be left, where that counts from the contract (R10)."""
    if stage.limit_from != "start" or subscription.started_at is None:
        return None
    return due_on(stage, subscription.started_at, subscription.started_at, days)
