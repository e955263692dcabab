"""A new noun: its key (which never changes) and its name; then the editor."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

IS_KEY = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,99}$")
KEY = RegexValidator(
    IS_KEY,
    _(
        "Small letters, digits, full stops, hyphens and underscores, beginning with a letter or digit."
    ),
)


class NewNoun(forms.Form):
    """Key and name. A refusal shows everything that was typed."""

    template_name = "admin/journeys/editor/form.html"

    name = forms.CharField(max_length=200, label=_("Name"))
    key = forms.CharField(
        max_length=100, validators=[KEY], label=_("Key"),
        help_text=_("Used in the ledger and in files; it never changes. For example: j1-onboarding"),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, noun: Any) -> None:
        super().__init__(data)
        self.noun = noun
        for field in self.fields.values():
            select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "j-select" if select else "j-input"

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if self.noun.objects.filter(key=key).exists():
            raise forms.ValidationError(_("This key is taken already."))
        return key


def new_page(admin: Any, request: HttpRequest, form: NewNoun) -> HttpResponse:
    """The form in the admin's frame."""
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.model._meta,
        "title": _("New: %s") % admin.model._meta.verbose_name,
        "form": form,
    }
    return TemplateResponse(
        request,
        "admin/journeys/editor/new.html",
        context,
        status=200 if form.is_valid() or not form.is_bound else 400,
    )
