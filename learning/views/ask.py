"""Asking a person for help: a fact for the team, and a plain answer to who asked."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from journeys import clock, facts
from learning.views.doors import contact_of, for_customers, visitor_of

LONGEST = 1000


class Question(forms.Form):
    """What somebody would like help with; `about` is the page they came from."""

    text = forms.CharField(
        label=_("What can we help you with?"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5, "class": "j-input j-input--area"}),
        error_messages={
            "required": _("Please write a few words, so that the right person can answer."),
            "max_length": _("Please keep it under %(limit_value)d characters."),
        },
    )
    about = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


@for_customers
def ask(request: HttpRequest) -> HttpResponse:
    """The form; sent, it records help.requested {about, text} and says who will answer."""
    if request.method != "POST":
        form = Question(initial={"about": request.GET.get("from", "")})
        return _page(request, form, is_sent="sent" in request.GET)
    form = Question(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    visitor, now = visitor_of(request), clock.now()
    facts.record(
        name="help.requested",
        occurred_at=now,
        received_at=now,
        account_id=visitor.account_id,
        contact_id=visitor.contact_id,
        properties=dict(form.cleaned_data),
    )
    return redirect(f"{request.path}?sent")


def _page(
    request: HttpRequest, form: Question, *, is_sent: bool = False, status: int = 200
) -> HttpResponse:
    context = {"form": form, "is_sent": is_sent, "contact": contact_of(request)}
    return render(request, "learning/ask.html", context, status=status)
