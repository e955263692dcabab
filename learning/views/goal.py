"""The customer's own success goal: two numbers and by when (R12)."""

from __future__ import annotations

import calendar
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from content.models import HomePage
from content.templatetags.junro_text import month
from journeys import clock, goals
from journeys.calendars import days_at
from journeys.models import Contact, Goal, Subscription
from journeys.timing import Days
from learning import signpost, targets
from learning.views.doors import contact_of, for_customers, visitor_of

DRAFT = "goal_draft"
SETTLED_AFTER = 2  # months after onboarding: the second and third time it was done the new way
FISCAL_YEAR_ENDS = 3  # March
LARGEST = Decimal(99_999)


class Figure(forms.CharField):
    """A number as people type it: ８, 8日 or 8.5."""

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        text = unicodedata.normalize("NFKC", str(value or "")).strip().replace(",", "")
        if not text:
            return None
        try:
            number = Decimal(text.rstrip("日件枚時間分回%円"))
        except InvalidOperation as error:
            raise forms.ValidationError(_("Please write a number, such as 8.")) from error
        if not number.is_finite() or not 0 <= number <= LARGEST:
            raise forms.ValidationError(_("Please write a number between 0 and 99,999."))
        if number != round(number, 1):
            raise forms.ValidationError(_("One digit after the point is enough."))
        return number


class GoalForm(forms.Form):
    """Now, the goal, and by when ("" = not decided yet)."""

    baseline = Figure(
        label=_("Now"),
        error_messages={
            "required": _("Please tell us the number as it is now. A rough one will do.")
        },
    )
    target = Figure(
        label=_("Goal"),
        error_messages={"required": _("Please tell us the number you would like to reach.")},
    )
    target_on = forms.ChoiceField(label=_("By when"), required=False)

    def __init__(self, data: Any = None, *, choices: list[Choice], **more: Any) -> None:
        super().__init__(data, **more)
        self.dates = choices
        field: Any = self.fields["target_on"]
        field.choices = [(choice.value, choice.label) for choice in choices]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("baseline") is not None and values.get("baseline") == values.get("target"):
            self.add_error(
                "target", _("Now and the goal are the same. What would you like to reach?")
            )
        return values


@dataclass(frozen=True)
class Choice:
    """A date to choose: `value` is its ISO text, "" for none."""

    value: str
    label: str
    note: str = ""


def choices(subscription: Subscription, now: datetime) -> list[Choice]:
    """Two sensible dates and "not decided yet"."""
    days = days_at(now)
    today = days.local_date(now)
    settled = month_end(_onboarded_by(subscription, today, days), SETTLED_AFTER)
    fiscal = date(today.year + (today.month > FISCAL_YEAR_ENDS), FISCAL_YEAR_ENDS, 31)
    found = [
        Choice(
            settled.isoformat(), month(settled), str(_("once the new way of working has settled"))
        ),
        Choice(fiscal.isoformat(), month(fiscal), str(_("the end of the fiscal year"))),
        Choice("", str(_("Not decided yet"))),
    ]
    return found if settled != fiscal else found[1:]


def _onboarded_by(subscription: Subscription, today: date, days: Days) -> date:
    """The day by which the stage that completes onboarding ends; today where that is not known."""
    if subscription.version is None:
        return today
    last = subscription.version.stages.filter(completes_onboarding=True).first()
    due = signpost.due_of(last, subscription, days) if last else None
    return max(due, today) if due else today


def month_end(day: date, months: int) -> date:
    """The last day of the month `months` after the day's own."""
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month_index + 1, calendar.monthrange(year, month_index + 1)[1])


@for_customers
def goal(request: HttpRequest) -> HttpResponse:
    """The form with what was entered last; sent, it registers the goal and says what it changed."""
    visitor, now = visitor_of(request), clock.now()
    contact = contact_of(request)
    subscription = next(iter(signpost.live_subscriptions(visitor.account_id)), None)
    if subscription is None:
        return render(request, "learning/goal_none.html", {"contact": contact})
    wanted = choices(subscription, now)
    if request.method != "POST":
        return _page(
            request,
            contact,
            subscription,
            GoalForm(initial=_initial(request, subscription), choices=wanted),
            now,
        )
    form = GoalForm(request.POST, choices=wanted)
    if request.POST.get("action") == "later":
        request.session[DRAFT] = {name: request.POST.get(name, "")[:20] for name in form.fields}
        return redirect(f"{request.path}?kept")
    if not form.is_valid():
        return _page(request, contact, subscription, form, now, status=422)
    _register(contact, subscription, form.cleaned_data, now)
    request.session.pop(DRAFT, None)
    return redirect(f"{request.path}?done")


def _register(
    contact: Contact, subscription: Subscription, values: dict[str, Any], now: datetime
) -> None:
    home = HomePage.objects.first() or HomePage()
    goals.set_goal(
        subscription=subscription,
        contact=contact,
        metric=home.goal_metric or str(_("Days until it is done")),
        unit=home.goal_unit,
        baseline=values["baseline"],
        target=values["target"],
        target_on=date.fromisoformat(values["target_on"]) if values["target_on"] else None,
        now=now,
    )


def current_goal(subscription: Subscription) -> Goal | None:
    """The goal that stands; 1 query."""
    standing = subscription.goals.filter(replaced_at=None).order_by("-agreed_at")
    return standing.select_related("agreed_by").first()


def _initial(request: HttpRequest, subscription: Subscription) -> dict[str, Any]:
    """What was kept for later, else the goal that stands, else the first date."""
    if draft := request.session.get(DRAFT):
        return dict(draft)
    standing = current_goal(subscription)
    if standing is None:
        return {}
    return {
        "baseline": f"{standing.baseline.normalize():f}",
        "target": f"{standing.target.normalize():f}",
        "target_on": standing.target_on.isoformat() if standing.target_on else "",
    }


def _page(
    request: HttpRequest, contact: Contact, subscription: Subscription, form: GoalForm,
    now: datetime, *, status: int = 200,
) -> HttpResponse:  # fmt: skip
    visitor = visitor_of(request)
    board = signpost.board(visitor.account_id, visitor.roles, now)
    standing = current_goal(subscription)
    is_done = "done" in request.GET and standing is not None
    leads = [board.next.to] if board.next else []
    context = {
        "contact": contact,
        "form": form,
        "board": board,
        "standing": standing,
        "is_done": is_done,
        "is_kept": "kept" in request.GET,
        "urls": targets.urls(leads, visitor),
        "home": HomePage.objects.first() or HomePage(),
        "picked": str(
            form["target_on"].value()
            if form["target_on"].value() is not None
            else form.dates[0].value
        ),
    }
    return render(request, "learning/goal.html", context, status=status)
