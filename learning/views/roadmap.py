"""The whole route on one sheet: what, who, by when, done; made to be printed on A4 (C1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from journeys import clock
from journeys.calendars import days_at
from journeys.lifecycle import Item
from journeys.models import Contact, Membership, Stage, StageTransition
from journeys.timing import Days
from learning import signpost, targets
from learning.signpost import Board
from learning.views.doors import contact_of, for_customers, visitor_of
from learning.views.goal import current_goal
from learning.wording import Deadline, deadline, role_name


@dataclass(frozen=True)
class Leg:
    """One stage on the sheet. `mark`: is-done | is-here | "" (still to come)."""

    number: int
    stage: Stage
    mark: str
    items: Sequence[Any]  # Item where we are, ExitCriterion before and after
    due: Deadline | None
    left_at: datetime | None


@dataclass(frozen=True)
class Companion:
    """Somebody of the same company, with their roles in words."""

    contact: Contact
    roles: str
    is_me: bool


@for_customers
def roadmap(request: HttpRequest) -> HttpResponse:
    """Every stage with its steps; the present one as it stands now."""
    visitor, now = visitor_of(request), clock.now()
    contact = contact_of(request)
    board = signpost.board(
        visitor.account_id, visitor.roles, now, product=request.GET.get("product", "")
    )
    days = days_at(now)
    legs = _legs(board, now, days)
    subscription = board.subscription
    last = next((leg for leg in legs if leg.stage.completes_onboarding), None)
    context = {
        "contact": contact,
        "board": board,
        "legs": legs,
        "onboarded": last,
        "day_number": _day_number(board, now, days),
        "goal": current_goal(subscription) if subscription else None,
        "urls": targets.urls([item.to for item in board.items], visitor),
        "companions": companions(contact, now) if visitor.scope == "full" else [],
    }
    return render(request, "learning/roadmap.html", context)


def _legs(board: Board, now: datetime, days: Days) -> list[Leg]:
    if board.subscription is None or board.subscription.version is None:
        return []
    stages = board.subscription.version.stages.prefetch_related("criteria").order_by("position")
    marks = {stage.pk: mark for stage, mark in board.marks}
    left = _left_at(board)
    legs = []
    for number, stage in enumerate(stages, start=1):
        mark = marks.get(stage.pk, "")
        due = _due(stage, board, now, days) if mark != "is-done" else None
        items: Sequence[Item | Any] = (
            board.items if mark == "is-here" else list(stage.criteria.all())
        )
        legs.append(Leg(number, stage, mark, items, due, left.get(stage.key)))
    return legs


def _due(stage: Stage, board: Board, now: datetime, days: Days) -> Deadline | None:
    """Of the present stage its own date; of a later one only what counts from the contract."""
    subscription = board.subscription
    if subscription is None:
        return None
    if stage == board.stage:
        return board.due
    return deadline(signpost.due_of(stage, subscription, days), now, days)


def _left_at(board: Board) -> dict[str, datetime]:
    """When each stage was left, as last corrected; 1 query."""
    moves = StageTransition.objects.filter(subscription=board.subscription).exclude(from_stage="")
    return dict(moves.order_by("decided_at", "pk").values_list("from_stage", "effective_at"))


def _day_number(board: Board, now: datetime, days: Days) -> int:
    """How many business days the contract has run; the day after its start is the first."""
    started = board.subscription.started_at if board.subscription else None
    if started is None:
        return 0
    return max(0, days.between(days.local_date(started), days.local_date(now)))


def companions(contact: Contact, now: datetime) -> list[Companion]:
    """Everybody of the contact's company who holds a role; 2 queries."""
    held = Membership.objects.filter(account=contact.account_id, from_at__lte=now, to_at=None)
    roles: dict[int, list[str]] = defaultdict(list)
    for person, role in held.exclude(role="").order_by("pk").values_list("contact_id", "role"):
        roles[person].append(role_name(role))
    people = Contact.objects.filter(pk__in=roles, is_current=True).order_by("pk")
    return [Companion(one, "・".join(roles[one.pk]), one.pk == contact.pk) for one in people]
