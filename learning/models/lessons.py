"""A lesson: one thing to learn, then one thing to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page

from content.blocks import Body
from content.models import Guided
from content.models.audience import AUDIENCE_PANELS
from content.visibility import Reader, may_read
from learning.reading import Standing, standing

LONGEST_WITHOUT_REASON = 5  # minutes (R58)


class LessonPage(Guided, Page):
    """One thing to learn, then one thing to do (R59).

    `done_by` names the product fact that proves the lesson was put to use:
    {"event": NAME, "where": {PROPERTY: VALUE}} (R64: doing beats watching).
    """

    minutes = models.PositiveIntegerField(_("minutes"), default=3)
    why_long = models.CharField(
        _("why it may be longer"),
        max_length=200,
        blank=True,
        help_text=_("Needed for lessons of more than 5 minutes."),
    )
    body = StreamField(Body(), verbose_name=_("body"), blank=True)
    ends_by_reading = models.BooleanField(_("reading completes it"), default=True)
    done_by = models.JSONField(
        _("fact that completes it"),
        null=True,
        blank=True,
        help_text=_(
            'For example {"event": "deliverable.changed", "where": {"state": "confirmed"}}'
        ),
    )

    content_panels = [
        *Page.content_panels,
        FieldPanel("summary", help_text=_("Up to three points, one a line.")),
        MultiFieldPanel([FieldPanel("minutes"), FieldPanel("why_long")], heading=_("Length")),
        FieldPanel("body"),
        MultiFieldPanel(
            [FieldPanel("ends_by_reading"), FieldPanel("done_by")], heading=_("Completion")
        ),
        *AUDIENCE_PANELS,
    ]
    parent_page_types = ["learning.CoursePage"]
    subpage_types: list[str] = []
    template = "learning/lesson_page.html"

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")

    @property
    def points(self) -> list[str]:
        """What the reader takes along, one sentence each."""
        return [line.strip() for line in self.summary.splitlines() if line.strip()]

    @property
    def course(self) -> Any:
        """The CoursePage it belongs to; two queries the first time."""
        if "_course" not in self.__dict__:
            self.__dict__["_course"] = self.get_parent().specific
        return self.__dict__["_course"]

    def standing(self, active_ms: int, seen: Collection[str]) -> Standing:
        """How far somebody is who gave it `active_ms` of attention and saw these blocks (ids)."""
        return standing(self.body, self.minutes, active_ms, seen)

    def is_open_to(self, reader: Reader) -> bool:
        """A lesson is open where its course is and its own audience agrees."""
        return may_read(self, reader) and self.course.live and may_read(self.course, reader)

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        visitor = request.visitor  # type: ignore[attr-defined]
        state = self.course.state_for(visitor)
        row = state.rows.get(self.translation_key)
        place = next((i for i, one in enumerate(state.lessons) if one.pk == self.pk), 0)
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | {
            "course": self.course,
            "state": state,
            "row": row,
            "at": self.standing(row.active_ms if row else 0, row.blocks if row else ()),
            "number": place + 1,
            "following": next(iter(state.lessons[place + 1 :]), None),
        }

    def clean(self) -> None:
        super().clean()
        problems: dict[str, Any] = {}
        if self.minutes > LONGEST_WITHOUT_REASON and not self.why_long:
            problems["why_long"] = _(
                "A lesson of more than 5 minutes is rarely read to its end. Split it, or say why."
            )
        if not (self.next_action_label and self.next_action_to):
            problems["next_action_label"] = _("Every lesson ends with one next action.")
        if self.done_by is not None and not is_fact(self.done_by):
            problems["done_by"] = _(
                'Write {"event": NAME}, with "where" if only some of these facts count.'
            )
        if problems:
            raise ValidationError(problems)


def is_fact(raw: Any) -> bool:
    """Whether `raw` names a fact: {"event": text, "where"?: mapping} and nothing else."""
    return (
        isinstance(raw, Mapping)
        and isinstance(raw.get("event"), str)
        and bool(raw["event"])
        and isinstance(raw.get("where", {}), Mapping)
        and not set(raw) - {"event", "where"}
    )
