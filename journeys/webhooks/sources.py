"""Where events come from: rows that other rooms wrote, read on from a mark, in sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from journeys.models import Account, Consent, Contact, Event, StageTransition, Subscription
from journeys.webhooks.outbox import Told, account_of, moment

LONGEST_TEXT = 200  # of what customers' systems call things


@dataclass(frozen=True)
class Source:
    """Rows that become one kind of event. `rows`: those after an id, by id; `tell`: each as told."""

    event: str
    model: Any
    rows: Callable[[int], QuerySet[Any]]
    tell: Callable[[list[Any]], Iterator[tuple[int, Told]]]

    def newest(self) -> int:
        """The id of the newest row there is (of any kind in its table)."""
        return int(self.model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0)


# --- stages -----------------------------------------------------------------------------------------
def _moves(after: int) -> QuerySet[StageTransition]:
    """A correction moves a date, not a customer: nothing to tell."""
    return StageTransition.objects.filter(pk__gt=after, corrects=None)


def _tell_moves(moves: list[StageTransition]) -> Iterator[tuple[int, Told]]:
    subs = Subscription.objects.select_related("account", "product").in_bulk(
        {move.subscription_id for move in moves}
    )
    for move in moves:
        sub = subs.get(move.subscription_id)
        if sub is None:
            continue
        data = {
            "account": account_of(sub.account.external_id, sub.account.name),
            "product": sub.product.key,
            "from": move.from_stage or None,
            "to": move.to_stage,
            "to_name": move.to_stage_name,
            "effective_at": moment(move.effective_at),
            "decided_at": moment(move.decided_at),
            "due_on": move.due_on.isoformat() if move.due_on else None,
            "cause": move.cause,
        }
        yield (
            move.pk,
            Told("stage.changed", str(move.uid), move.effective_at, data, move.account_id),
        )


# --- courses ----------------------------------------------------------------------------------------
def _completions(after: int) -> QuerySet[Event]:
    return Event.objects.filter(pk__gt=after, name="course.completed")


def _tell_completions(events: list[Event]) -> Iterator[tuple[int, Told]]:
    accounts = Account.objects.in_bulk({e.account_id for e in events if e.account_id})
    contacts = Contact.objects.in_bulk({e.contact_id for e in events if e.contact_id})
    for event in events:
        account = accounts.get(event.account_id or 0)
        contact = contacts.get(event.contact_id or 0)
        data = {
            "account": account_of(account.external_id, account.name) if account else None,
            "contact": {"id": contact.user_id} if contact else None,
            "product": event.product or None,
            "course": str(event.properties.get("course", ""))[:LONGEST_TEXT],
            "occurred_at": moment(event.occurred_at),
        }
        told = Told("course.completed", str(event.uid), event.occurred_at, data, event.account_id)
        yield event.pk, told


# --- consent ----------------------------------------------------------------------------------------
def _stops(after: int) -> QuerySet[Consent]:
    return Consent.objects.filter(pk__gt=after, answer=Consent.Answer.NO)


def _tell_stops(stops: list[Consent]) -> Iterator[tuple[int, Told]]:
    """Each stop is told of each contact the person is."""
    contacts: dict[int, list[Contact]] = defaultdict(list)
    people = {stop.person_id for stop in stops}
    rows = Contact.objects.filter(person__in=people, is_current=True).select_related("account")
    for contact in rows.order_by("pk"):
        contacts[contact.person_id].append(contact)
    for stop in stops:
        for contact in contacts[stop.person_id]:
            account = contact.account
            data = {
                "contact": {"id": contact.user_id},
                "account": account_of(account.external_id, account.name) if account else None,
                "topic": stop.topic,
                "how": stop.how,
                "at": moment(stop.from_at),
            }
            key = f"{contact.uid}/{stop.topic}/{moment(stop.from_at)}"
            told = Told("contact.opted_out", key, stop.from_at, data, contact.account_id)
            yield stop.pk, told


SOURCES = (
    Source("stage.changed", StageTransition, _moves, _tell_moves),
    Source("course.completed", Event, _completions, _tell_completions),
    Source("contact.opted_out", Consent, _stops, _tell_stops),
)
