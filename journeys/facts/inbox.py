"""Calls about somebody who is only an anonymous id so far: kept whole until they are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from journeys.facts.calls import Read, Refused, read
from journeys.models import Alias, Inbox
from journeys.people import Kind, Roster
from journeys.people.names import ANONYMOUS


def links(calls: Iterable[Read], known: set[str]) -> dict[str, str]:
    """Which user an anonymous id turns out to be, by the identify and alias calls of this batch.

    `known`: previous ids that are users themselves.
    """
    found: dict[str, str] = {}
    for one in calls:
        if one.call.kind is Kind.IDENTIFY and one.call.user_id and one.anonymous_id:
            found[one.anonymous_id] = one.call.user_id
        elif one.call.kind is Kind.ALIAS and one.call.previous_id not in known:
            found[one.call.previous_id] = one.call.user_id
    return found


def waiting(linked: Mapping[str, str], received_at: datetime) -> tuple[list[int], list[Read]]:
    """Calls that wait for these anonymous ids, now with their user: row keys and calls.

    They happened when they happened, and are received now: nobody could judge by them before.
    """
    rows = Inbox.objects.filter(anonymous_id__in=sorted(linked), adopted_at=None) if linked else ()
    keys: list[int] = []
    calls: list[Read] = []
    for row in rows:
        keys.append(row.pk)
        told = {**row.call, "timestamp": row.occurred_at.isoformat()}
        told.pop("sentAt", None)
        try:
            calls.append(read(told, received_at).of(linked[row.anonymous_id]))
        except Refused:
            continue  # was readable when it came; the rules have changed since
    return keys, calls


def rows_of(calls: Iterable[Read], source: str, received_at: datetime) -> Iterator[Inbox]:
    for one in calls:
        yield Inbox(
            source=source,
            anonymous_id=one.anonymous_id,
            call=dict(one.raw),
            occurred_at=one.call.at,
            received_at=received_at,
        )


def note_aliases(roster: Roster, linked: Mapping[str, str]) -> None:
    """Remember whose an anonymous id is: on a shared machine, who was identified last; one SELECT."""
    if not linked:
        return
    rows = Alias.objects.filter(kind=ANONYMOUS, value__in=sorted(linked))
    there = {row.value: row for row in rows.select_related("contact")}
    for anonymous_id, user_id in linked.items():
        contact = next(c for c in roster.contacts[user_id] if c.is_current)
        if (alias := there.get(anonymous_id)) is not None:
            roster.changes.set(alias, contact=contact)
        else:
            roster.changes.add(
                Alias(
                    contact=contact,
                    kind=ANONYMOUS,
                    value=anonymous_id,
                    from_at=roster.received_at,
                )
            )


def adopt(keys: Sequence[int], received_at: datetime) -> int:
    return Inbox.objects.filter(pk__in=keys).update(adopted_at=received_at) if keys else 0
