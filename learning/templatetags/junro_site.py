"""What every page of the learning site shows of its reader: who helps, where links lead, by when."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import get_language

from journeys.calendars import days_at
from journeys.lifecycle import Item
from journeys.models import Account
from learning import signpost, targets, wording
from learning.assigned import due_of
from learning.models import Progress
from learning.wording import Deadline, deadline, role_name, when_completed

register = template.Library()


@register.simple_tag(takes_context=True)
def leads_to(context: dict[str, Any], target: str) -> str:
    """The address of a target for this reader; empty when it is not for them, or nowhere."""
    return targets.urls([target], context["request"].visitor).get(target, "")


@register.simple_tag(takes_context=True)
def stage_deadline(context: dict[str, Any], page: Any) -> Deadline | None:
    """The deadline of the reader's stage, on pages that help in that stage."""
    visitor = context["request"].visitor
    if visitor.account_id is None or not set(page.stages) & visitor.stages:
        return None
    now = context["frame"].now
    for subscription in signpost.live_subscriptions(visitor.account_id):
        if subscription.stage and subscription.stage.key in page.stages:
            return deadline(subscription.stage_due_on, now, days_at(now))
    return None


@register.simple_tag(takes_context=True)
def course_deadline(context: dict[str, Any], page: Any) -> Deadline | None:
    """By when the reader was asked to take a course; else the deadline of the stage it helps in."""
    visitor = context["request"].visitor
    due = visitor.contact_id and due_of(page, visitor.contact_id, context["frame"].now)
    return due or stage_deadline(context, page)


@register.inclusion_tag("learning/parts/who.html", takes_context=True)
def who_helps(context: dict[str, Any], title: str = "") -> dict[str, Any]:
    """The customer's own contact person, else the support desk, with the way to ask."""
    visitor = context["request"].visitor
    account = (
        Account.objects.select_related("owner").filter(pk=visitor.account_id).first()
        if visitor.account_id
        else None
    )
    return {
        "owner": account.owner if account else None,
        "home": context["frame"].home,
        "title": title,
        "visitor": visitor,
        "request": context["request"],
    }


@register.filter
def so_far(item: Item) -> str:
    """8 of 10 so far; empty where there is nothing to count."""
    return wording.so_far(item)


@register.filter
def role(key: str) -> str:
    """A role's name in the reader's language."""
    return role_name(key)


@register.filter
def role_list(keys: list[str]) -> str:
    """Role names in a row: 管理者・経理責任者 / administrator, accounting lead."""
    between = "・" if (get_language() or "").startswith("ja") else ", "
    return between.join(role_name(key) for key in keys)


@register.filter
def at(mapping: dict[str, str], key: str) -> str:
    """The value at a key that is itself a variable."""
    return mapping.get(key, "")


@register.filter
def is_same(one: Any, other: Any) -> bool:
    return one is other


@register.filter
def completed(row: Progress) -> str:
    """How and when a lesson was completed."""
    return when_completed(row)
