"""What every page of the house carries: whom it is for, who looks after it, what comes next."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel

from content import visibility

_BRACKETS = re.compile(r"\s*(?:（[^）]*）|\([^)]*\))\s*$")


class KeyListFormField(forms.CharField):
    """Keys separated by commas, as an author types them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        keys = [key.strip() for key in str(value or "").replace("、", ",").split(",")]
        return sorted({key for key in keys if key})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class KeyListField(models.JSONField):
    """A list of keys (roles, stages, products) on a page."""

    def formfield(
        self, form_class: Any = None, choices_form_class: Any = None, **kwargs: Any
    ) -> Any:
        return KeyListFormField(
            required=False,
            label=kwargs.get("label", self.verbose_name),
            help_text=kwargs.get("help_text", self.help_text),
            initial=kwargs.get("initial"),
        )


class Guided(models.Model):
    """A page with an audience, a review date and exactly one next action (R57, R59).

    Who looks after it is Wagtail's own `owner` of the page.
    """

    class Audience(models.TextChoices):
        PUBLIC = visibility.PUBLIC, _("Everybody")
        CUSTOMER = visibility.CUSTOMER, _("Customers")
        INTERNAL = visibility.INTERNAL, _("Our own staff")

    summary = models.TextField(_("summary"), blank=True)
    audience = models.CharField(
        _("who may read it"), max_length=8, choices=Audience.choices, default=Audience.CUSTOMER
    )
    roles = KeyListField(
        _("roles"), default=list, blank=True, help_text=_("Keys, separated by commas. Empty: all.")
    )
    products = KeyListField(
        _("products"),
        default=list,
        blank=True,
        help_text=_("Keys, separated by commas. Empty: all."),
    )
    stages = KeyListField(
        _("stages it helps in"),
        default=list,
        blank=True,
        help_text=_("Keys, separated by commas. It stays readable in the other stages."),
    )
    next_action_label = models.CharField(_("next action"), max_length=120, blank=True)
    next_action_to = models.CharField(
        _("leads to"),
        max_length=300,
        blank=True,
        help_text=_(
            "goal, roadmap, lesson:SLUG, course:SLUG, article:SLUG, product:/path or https"
        ),
    )
    review_by = models.DateField(_("review by"), null=True, blank=True)

    class Meta:
        abstract = True

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or 404 for whom it is not: its existence is private too (R61)."""
        if not self.is_open_to(request.visitor):  # type: ignore[attr-defined]
            raise Http404
        response: HttpResponse = super().serve(request, *args, **kwargs)  # type: ignore[misc]
        return response

    @property
    def next_action_words(self) -> str:
        """The next action without what stands in brackets behind it."""
        return _BRACKETS.sub("", self.next_action_label)

    @property
    def next_action_note(self) -> str:
        """What stands in brackets behind the next action: （約3分）."""
        found = _BRACKETS.search(self.next_action_label)
        return found.group().strip() if found else ""

    def is_open_to(self, reader: visibility.Reader) -> bool:
        return visibility.may_read(self, reader)


AUDIENCE_PANELS = [
    MultiFieldPanel(
        [FieldPanel(name) for name in ("audience", "roles", "products", "stages")],
        heading=_("Whom it is for"),
    ),
    MultiFieldPanel(
        [FieldPanel("next_action_label"), FieldPanel("next_action_to")], heading=_("Next action")
    ),
    MultiFieldPanel(
        [FieldPanel("owner"), FieldPanel("review_by")],
        heading=_("Looked after"),
        classname="collapsed",
    ),
]
