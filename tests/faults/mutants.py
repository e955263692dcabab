"""Designs that are wrong, to show that the judge finds them. What the product cannot be switched to
is made here, and only here, in a forked sender that dies of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from journeys import permission
from journeys.ledger import Reason
from journeys.messages import delivery, fence, handing
from journeys.messages.claim import ours, token_of
from journeys.messages.settling import settle
from journeys.models import Message

State = Message.State


def no_fence() -> None:
    """Outbox and lease, nothing more: whoever claimed sends, and a lease gives it to the next."""

    def pass_all(messages: Sequence[Message], now: datetime) -> list[Message]:
        return list(messages)

    def still_claimed(messages: Sequence[Message]) -> set[int]:
        return set(ours(token_of(messages), State.CLAIMED).values_list("pk", flat=True))

    delivery.pass_fence = pass_all  # type: ignore[attr-defined]
    handing._still_waiting = still_claimed


def claim_first() -> None:
    """Marked as sent, and then sent."""

    def mark(messages: Sequence[Message], now: datetime) -> list[Message]:
        settle([(m, State.ACCEPTED, Reason.ACCEPTED) for m in messages], now)
        return list(messages)

    def nothing(_told: Sequence[handing.Told], _now: datetime) -> handing.Sent:
        return handing.Sent()

    delivery.pass_fence = mark  # type: ignore[attr-defined]
    handing.write = nothing  # type: ignore[assignment]


def asynchronous() -> None:
    """The fence's commit is promised before it is on disk."""
    real = fence.durably

    class Lazily:
        """The same transaction, told not to wait for the disk."""

        def __enter__(self) -> None:
            from django.db import connection  # noqa: PLC0415 -- the forked sender's own

            self.inner = real()
            self.inner.__enter__()
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")

        def __exit__(self, *error: Any) -> bool | None:
            return self.inner.__exit__(*error)

    fence.durably = Lazily  # type: ignore[assignment]


def reversed_order() -> Callable[..., set[int]]:
    """The fence takes the messages before their people; what was there before."""
    real = permission.lock

    def messages_first(people: Collection[int], *, skip_locked: bool = False) -> set[int]:
        rows = Message.objects.filter(person_id__in=people, state=State.CLAIMED).order_by("pk")
        list(rows.select_for_update(of=("self",)))
        return real(people, skip_locked=skip_locked)

    permission.lock = messages_first  # type: ignore[assignment]
    return real


MUTANTS: dict[str, Callable[[], object]] = {
    "no_fence": no_fence,
    "claim_first": claim_first,
    "asynchronous": asynchronous,
    "reversed_order": reversed_order,
}
