"""The doors: marketing's page in the admin frame, and its sheet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from journeys import clock
from journeys.calendars import days_at
from learning.engagement import asking, sheet, wording
from learning.engagement.companies import Company, companies
from learning.engagement.figures import Line, Report, report
from learning.wording import role_name

PERMISSION = "learning.view_engagement"


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every item's way from whom it is meant for to the next stage; 403 without the right to it."""
    if not request.user.has_perm(PERMISSION):
        return _forbidden(request)
    now = clock.now()
    question, problem = asking.read(request.GET, now, days_at(now))
    answer = report(question)
    context = _frame(request) | {
        "question": question,
        "problem": problem,
        "period": wording.period(question),
        "asked": wording.asked(answer),
        "headline": wording.headline(answer.whole),
        "funnel": wording.funnel(answer),
        "still_open": wording.still_open(answer.whole),
        "definitions": wording.definitions(),
        "rows": [_row(line, answer) for line in answer.lines],
        "stages": answer.route.names,
        "roles": {role: role_name(role) for role in answer.people.roles},
        "kinds": _kinds(question),
        "companies": _companies(request, answer),
        "today": question.days.local_date(now),
        "export": f"{reverse('engagement_sheet')}?{question.query()}",
        "is_narrowed": bool(question.stage or question.role or question.kind),
        "everything": question.query(stage="", role="", kind=""),
        "may_write": request.user.has_perm("wagtailadmin.access_admin"),
    }
    return render(request, "learning/engagement/overview.html", context)


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The same figures as a sheet for Excel."""
    if not request.user.has_perm(PERMISSION):
        return _forbidden(request)
    now = clock.now()
    question, _problem = asking.read(request.GET, now, days_at(now))
    answer = report(question)
    stage = answer.route.names.get(question.stage, question.stage)
    role = role_name(question.role) if question.role else ""
    name = f"content-engagement_{question.first}_{question.last}.csv"
    return HttpResponse(
        sheet.text(sheet.rows(answer, stage, role)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _forbidden(request: HttpRequest) -> HttpResponse:
    return render(request, "learning/engagement/forbidden.html", _frame(request), status=403)


def _frame(request: HttpRequest) -> dict[str, Any]:
    return admin.site.each_context(request) | {"title": _("How content does")}


def _row(line: Line, answer: Report) -> dict[str, Any]:
    """A line as the table shows it."""
    may_act = len(line.acting.may_still) if line.acting else 0
    return {
        "line": line,
        "about": wording.about(line.item, answer.route.names),
        "viewed": wording.percent(line.viewed),
        "done": wording.percent(line.done),
        "left": wording.percent(line.left),
        "may_act": wording.people_open(may_act),
        "may_leave": wording.companies_open(len(line.leaving.may_still)),
        "list": f"?{answer.question.query(item=str(line.item.key))}#companies",
    }


def _kinds(question: asking.Question) -> list[dict[str, Any]]:
    choices = [("", _("All")), ("lesson", _("Lessons")), ("article", _("Articles"))]
    return [
        {"label": label, "url": f"?{question.query(kind=kind)}", "is_here": kind == question.kind}
        for kind, label in choices
    ]


def _companies(request: HttpRequest, answer: Report) -> dict[str, Any] | None:
    """The list below the table, of the item the address names; None without one."""
    line = _chosen(request.GET.get("item", ""), answer)
    if line is None:
        return None
    seen = request.GET.get("seen") == "yes"
    found = companies(
        answer,
        line,
        seen=seen,
        number=request.GET.get("page", 1),
        with_names=request.user.has_perm("journeys.view_contact"),
    )
    item = str(line.item.key)
    here = answer.question
    return {
        "found": found,
        "rows": [_company(request, company, answer) for company in found.page],
        "not_seen_url": f"?{here.query(item=item)}#companies",
        "seen_url": f"?{here.query(item=item, seen='yes')}#companies",
        "page_query": here.query(item=item, seen="yes" if seen else ""),
    }


def _company(request: HttpRequest, company: Company, answer: Report) -> dict[str, Any]:
    stage = company.contract.stage if company.contract else None
    return {
        "company": company,
        "url": _url_of(request, company.account_id),
        "stage": answer.route.names.get(stage, stage) if stage else "",
        "due": wording.due(company.due_on, answer.question),
        "reached": wording.brought(company),
    }


def _chosen(text: str, answer: Report) -> Line | None:
    try:
        key = UUID(text)
    except ValueError:
        return None
    return next((line for line in answer.lines if line.item.key == key), None)


def _url_of(request: HttpRequest, account_id: int) -> str:
    """The company's page in the admin, for who may open it."""
    if not request.user.has_perm("journeys.view_account"):
        return ""
    try:
        return reverse("admin:journeys_account_change", args=[account_id])
    except NoReverseMatch:
        return ""
