"""What happened around the items: brought, looked at, finished, acted upon. A query each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Q, When

from journeys.models import Click, Event, Link, Message
from learning.engagement.asking import Question
from learning.engagement.items import VIEWED_AFTER_MS, Item
from learning.models import Completion, ViewSession

State = Message.State
PAGE_TARGETS = ("lesson:", "article:")
Pair = tuple[UUID, int]  # item, contact


def _to_pages(column: str) -> Q:
    """Rows whose `column` is a target that is a lesson or an article."""
    found = Q()
    for prefix in PAGE_TARGETS:
        found |= Q(**{f"{column}__startswith": prefix})
    return found


def brought(items: Iterable[Item], question: Question) -> Counter[Pair]:
    """How many messages of the period brought an item to a contact; 2 queries.

    A mail counts when the mail server took it, a nudge when it was really on the screen.
    """
    item_of = {target: item.key for item in items for target in item.targets}
    window = {"settled_at__gte": question.since, "settled_at__lt": question.until}
    mails = (
        Link.objects.filter(_to_pages("target"), message__channel="email")
        .filter(message__state__in=(State.ACCEPTED, State.DELIVERED))
        .filter(**{f"message__{name}": value for name, value in window.items()})
        .values_list("target", "message__contact_id", "message_id")
        .distinct()
    )
    to = "template_version__document__button__to"
    nudges = (
        Message.objects.filter(_to_pages(to), channel="nudge")
        .filter(shown_at__gte=question.since, shown_at__lt=question.until)
        .values_list(to, "contact_id", "pk")
    )
    each = {
        (item_of[target], contact, message)
        for target, contact, message in [*mails, *nudges]
        if target in item_of and contact is not None
    }
    return Counter((key, contact) for key, contact, _message in each)


def clicks(item: Item, question: Question) -> Counter[int]:
    """How many of the period's links to one item each contact followed; 1 query."""
    rows = Click.objects.filter(
        link__target__in=item.targets, at__gte=question.since, at__lt=question.until
    )
    return Counter(
        contact
        for contact, _link in rows.values_list("contact_id", "link_id").distinct()
        if contact
    )


@dataclass(frozen=True)
class Looks:
    """`opened`: in the period, however short. `at`: moments of real views by item and contact, in
    order, from the period's first day to the last on which an answer can still come."""

    opened: frozenset[Pair]
    at: Mapping[Pair, Sequence[datetime]]
    blocks: Mapping[Pair, frozenset[str]]
    until: datetime

    def first(self, key: UUID, contact: int) -> datetime | None:
        """The first real view within the period."""
        moments = self.at.get((key, contact), ())
        return moments[0] if moments and moments[0] < self.until else None


def looks(question: Question) -> Looks:
    """Openings of pages by customers, our own staff left out; 1 query.

    A view is one with at least five seconds of attention in it.
    """
    until = question.until
    opened: set[Pair] = set()
    at: dict[Pair, list[datetime]] = defaultdict(list)
    blocks: dict[Pair, set[str]] = defaultdict(set)
    rows = ViewSession.objects.filter(
        is_staff=False,
        contact__isnull=False,
        started_at__gte=question.since,
        started_at__lt=question.answered_until,
    ).order_by("started_at", "pk")
    seen = Case(When(kind=ViewSession.Kind.ARTICLE, then="blocks"))  # of lessons: not asked for
    for key, contact, active_ms, moment, ids in rows.values_list(
        "page_key", "contact_id", "active_ms", "started_at", seen
    ):
        pair = (key, contact)
        if moment < until:
            opened.add(pair)
            if ids:
                blocks[pair].update(ids)
        if active_ms >= VIEWED_AFTER_MS:
            at[pair].append(moment)
    seen_blocks = {pair: frozenset(ids) for pair, ids in blocks.items()}
    return Looks(frozenset(opened), at, seen_blocks, until)


def finished(question: Question) -> frozenset[Pair]:
    """Lessons that came to their end in the period, by reading or by doing; 1 query."""
    rows = Completion.objects.filter(
        kind=Completion.Kind.LESSON,
        completed_at__gte=question.since,
        completed_at__lt=question.until,
    )
    return frozenset(rows.values_list("page_key", "contact_id"))


@dataclass(frozen=True)
class Fact:
    """A fact that may prove a next action; the company's counts whoever of it produced it."""

    at: datetime
    account_id: int | None
    contact_id: int | None
    properties: Mapping[str, object]


def facts(names: Iterable[str], question: Question) -> dict[str, list[Fact]]:
    """Facts of these names by companies that looked at something in the period; 1 query."""
    readers = ViewSession.objects.filter(
        is_staff=False, started_at__gte=question.since, started_at__lt=question.until
    )
    rows = Event.objects.filter(
        Q(account__in=readers.values("account_id")) | Q(contact__in=readers.values("contact_id")),
        name__in=sorted(set(names)),
        occurred_at__gt=question.since,
        occurred_at__lte=question.answered_until,
    ).order_by("occurred_at", "pk")
    found: dict[str, list[Fact]] = defaultdict(list)
    for name, *row in rows.values_list(
        "name", "occurred_at", "account_id", "contact_id", "properties"
    ):
        found[name].append(Fact(*row))
    return found
