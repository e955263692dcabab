"""News since the last tick: of which accounts, and how far back the earliest of it lies.

What is new is told by the tables' keys, never by a clock: ticks of another time hear the same.
Keys are given before a transaction commits, so the last quarter of an hour is watched for rows
that appear below keys that were read already (models.Heard).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import Least

from journeys import db
from journeys.models import Event, Heard, Membership, TraitChange, TraitRepeat

OVERLAP = timedelta(minutes=15)
MOST_WATCHED = 100_000
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


def _of_facts(after: int) -> QuerySet[Any, Any]:
    rows = Event.objects.filter(pk__gt=after, account__isnull=False)
    return rows.order_by().values_list("account_id").annotate(at=Min("occurred_at"))


def _of_traits(after: int) -> QuerySet[Any, Any]:
    """A start that is told may lie anywhere, whenever it is told."""
    reaches = Case(When(name="started_on", then=Value(LONG_AGO)), default=F("occurred_at"))
    rows = TraitChange.objects.filter(pk__gt=after, account_id__isnull=False)
    return rows.order_by().values_list("account_id").annotate(at=Min(reaches))


def _of_members(after: int) -> QuerySet[Any, Any]:
    """Somebody new brings what they did before; who moves leaves another account, too."""
    came = Membership.objects.filter(pk__gt=after)
    rows = Membership.objects.filter(contact__in=came.values("contact"))
    reaches = Least("from_at", "contact__known_since")
    return (
        rows.order_by().values_list("account_id").annotate(one=Min(reaches), other=Min("from_at"))
    )


def _of_repeats(after: int) -> QuerySet[Any, Any]:
    """Who was named again by a late call may have been there, or been that, for longer."""
    named = TraitRepeat.objects.filter(pk__gt=after)
    contacts = named.filter(of=TraitChange.Of.CONTACT).values("subject_id")
    rows = Membership.objects.filter(contact__in=contacts)
    return rows.order_by().values_list("account_id").annotate(at=Min("from_at"))


SOURCES: Mapping[str, tuple[type[Any], Callable[[int], QuerySet[Any, Any]]]] = {
    "facts": (Event, _of_facts),
    "traits": (TraitChange, _of_traits),
    "members": (Membership, _of_members),
    "repeats": (TraitRepeat, _of_repeats),
}


@dataclass
class News:
    """What was not heard before: by source, after which key to read it."""

    after: dict[str, int] = field(default_factory=dict)
    marks: list[Heard] = field(default_factory=list)
    _earliest: dict[int, datetime] | None = None

    def earliest(self) -> dict[int, datetime]:
        """Account → the earliest moment its news is about; a SELECT for each source with news."""
        if self._earliest is None:
            found: dict[int, datetime] = {}
            for source, after in self.after.items():
                for account, *moments in SOURCES[source][1](after):
                    moment = min((m for m in moments if m), default=LONG_AGO)
                    found[account] = min(found.get(account, moment), moment)
            self._earliest = found
        return self._earliest

    def keep(self) -> None:
        """Note how far was listened; at most two statements."""
        db.insert([mark for mark in self.marks if mark._state.adding], ignore_conflicts=True)
        names = ("low", "middle", "middle_at", "high", "count")
        old = [mark for mark in self.marks if not mark._state.adding]
        db.update(Heard, [{"id": m.pk} | {name: getattr(m, name) for name in names} for m in old])


def listen(now: datetime) -> News:
    """Look what there is, by one SELECT for the marks and one for each source."""
    marks = {mark.source: mark for mark in Heard.objects.all()}
    news = News()
    for source, (model, _rows) in SOURCES.items():
        mark = marks.get(source)
        if mark is None:
            _begin(source, model, news, now)
        else:
            _go_on(mark, model, news, now)
    return news


def _begin(source: str, model: type[Any], news: News, now: datetime) -> None:
    """Everything that is there already is heard once, and not watched."""
    top = model.objects.aggregate(top=Max("pk"))["top"] or 0
    if top:
        news.after[source] = 0
    news.marks.append(Heard(source=source, low=top, middle=top, middle_at=now, high=top))


def _go_on(mark: Heard, model: type[Any], news: News, now: datetime) -> None:
    seen = model.objects.filter(pk__gt=mark.low).aggregate(
        top=Max("pk"),
        every=Count("pk"),
        known=Count("pk", filter=Q(pk__lte=mark.high)),
        newer=Count("pk", filter=Q(pk__gt=mark.middle)),
    )
    appeared = seen["known"] != mark.count
    top = max(seen["top"] or 0, mark.high)
    if top == mark.high and not appeared:
        return
    news.after[mark.source] = mark.low if appeared else mark.high
    mark.high, mark.count = top, seen["every"]
    if not timedelta(0) <= now - mark.middle_at < OVERLAP:
        mark.low, mark.count = mark.middle, seen["newer"]
        mark.middle, mark.middle_at = top, now
    if mark.count > MOST_WATCHED:
        mark.low, mark.middle, mark.count = top, top, 0
    news.marks.append(mark)
