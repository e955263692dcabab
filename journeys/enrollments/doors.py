"""Whom each way into a journey takes in at a moment: by level, by a fact, by the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from journeys import conditions
from journeys.conditions import Ask, Subject
from journeys.enrollments import occasions
from journeys.enrollments.subjects import candidates, enrollments_of
from journeys.ledger import Reason
from journeys.models import Contact, Enrollment, Event, JourneyVersion, Pause, Subscription
from journeys.timing import Days, span

Status = Enrollment.Status
Rows = QuerySet[Any]

REASONS = {
    "stage": Reason.ENTRY_MATCHED,
    "when": Reason.ENTRY_MATCHED,
    "event": Reason.FACT_HAPPENED,
    "every": Reason.DAY_CAME,
}


def coming(version: JourneyVersion, ask: Ask) -> Rows:
    """Whom the entry takes in at the question's moment; of a version that may not be saved yet."""
    rows, subject = may_come(version, ask)
    tree = version.program["entry"]
    if tree is not None:
        node = conditions.parse(tree, subject="enrollment")
        rows = rows.filter(conditions.compile(node, True, ask, subject))
    return _BY_KIND[version.program["door"]["kind"]](rows, version, ask)


def may_come(version: JourneyVersion, ask: Ask, *, asked_for: bool = False) -> tuple[Rows, Subject]:
    """The journey's candidates whom no enrollment keeps out, and how to ask about them.

    Whoever is `asked_for` by name comes in although they matched before it was published.
    """
    rows, subject = candidates(version, ask.now)
    mine = enrollments_of(rows, version)
    if asked_for:
        mine = mine.exclude(status=Status.OUT)
    return rows.filter(~Exists(mine.filter(_keeps_out(version, ask.now, ask.days)))), subject


def _keeps_out(version: JourneyVersion, now: datetime, days: Days) -> Q:
    """Which of a subject's enrollments keep it from coming in (again)."""
    live = Q(status__in=(Status.IN, Status.OUT))
    rule = version.program["reentry"]
    if rule == "always":
        return live
    if rule == "never":
        return Q()
    return live | Q(left_at__gt=days.window_start(now, span(rule)))


# --- a level: whoever matches, enters at the tick -------------------------------------------------
def _by_level(rows: Rows, _version: JourneyVersion, _ask: Ask) -> Rows:
    return rows


def _by_name(rows: Rows, _version: JourneyVersion, _ask: Ask) -> Rows:
    """Nobody comes in by hand or by API unless somebody says who."""
    return rows.none()


# --- a fact: each time it happens -----------------------------------------------------------------
def _by_fact(rows: Rows, version: JourneyVersion, ask: Ask) -> Rows:
    """Whoever did it since they were last in; of a fact without a contact, everybody there.

    Facts from before the publishing count only where existing customers are to come in, too.
    """
    left = enrollments_of(rows, version).filter(left_at__isnull=False).order_by("-left_at")
    never = Value(datetime.fromisoformat("0001-01-02T00:00:00+00:00"), DateTimeField())
    rows = rows.annotate(last_left=Coalesce(Subquery(left.values("left_at")[:1]), never))
    facts = Event.objects.filter(
        name=version.program["door"]["value"],
        occurred_at__lte=ask.now,
        occurred_at__gt=OuterRef("last_left"),
    )
    if version.program["enroll"] == "new":
        facts = facts.filter(occurred_at__gt=_since(version))
    if version.journey.product_id is not None:
        facts = facts.filter(product__in=("", version.journey.product.key))  # type: ignore[union-attr]
    if rows.model is Contact:
        own = Q(contact=OuterRef("pk")) | Q(contact=None)
        facts = facts.filter(own, account=OuterRef("account_id"))
    else:
        facts = facts.filter(account=OuterRef("pk"))
    return rows.filter(Exists(facts.filter(~Exists(_given_up(version, OuterRef("occurred_at"))))))


def _since(version: JourneyVersion) -> datetime:
    return datetime.fromisoformat(version.program["since"])


def _given_up(version: JourneyVersion, moment: Any) -> QuerySet[Pause]:
    """Pauses after which what had happened meanwhile was to be let go; to be put into Exists."""
    where = Q(scope=Pause.Scope.INSTALLATION) | Q(
        scope=Pause.Scope.JOURNEY, ref=version.journey.key
    )
    if isinstance(moment, OuterRef):
        where |= Q(scope=Pause.Scope.ACCOUNT, ref=OuterRef("account__external_id"))
    return Pause.objects.filter(
        where, overdue=Pause.Overdue.FROM_NOW, from_at__lte=moment, to_at__gt=moment
    )


# --- the calendar ---------------------------------------------------------------------------------
def _by_calendar(rows: Rows, version: JourneyVersion, ask: Ask) -> Rows:
    """On the day, whoever was known by then; an engine that was away begins up to 5bd later."""
    day = occasions.newest(version.program["door"]["value"], ask.now, ask.days)
    begins = ask.days.start_of(day)
    if begins <= _since(version) or occasions.is_over(day, ask.now, ask.days):
        return rows.none()
    if _given_up(version, begins).exists():
        return rows.none()
    again = enrollments_of(rows, version).filter(entered_at__gte=begins)
    return rows.filter(~Exists(again)).filter(_known_by(rows, day, ask.days))


def _known_by(rows: Rows, day: date, days: Days) -> Q:
    end = days.end_of(day)
    if "sub_id" in rows.query.annotations:
        started = Subscription.objects.filter(pk=OuterRef("sub_id"), started_at__lt=end)
        return Q(Exists(started)) & Q(known_since__lt=end)
    return Q(known_since__lt=end)


_BY_KIND: dict[str, Callable[[Rows, JourneyVersion, Ask], Rows]] = {
    "stage": _by_level,
    "when": _by_level,
    "event": _by_fact,
    "every": _by_calendar,
    "by": _by_name,
}
