"""What a route's head, each stage and each criterion ask their author (R2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from journeys.admin.editor.fields import Document, Field, Text, filled
from journeys.admin.editor.journey_fields import CONDITION_HELP, Section
from journeys.models import Journey, Membership, Product, Stage

Choices = list[tuple[str, Text]]


@dataclass(frozen=True)
class KnownHere:
    """What can be chosen: read once for a page."""

    products: Choices
    journeys: Choices
    roles: str

    @classmethod
    def now(cls) -> KnownHere:
        roles = Membership.objects.exclude(role="").values_list("role", flat=True).distinct()
        return cls(
            products=list(Product.objects.order_by("name").values_list("key", "name")),
            journeys=list(Journey.objects.order_by("key").values_list("key", "name")),
            roles="\n".join(roles[:50]),
        )


def head_fields(known: KnownHere) -> list[Field]:
    """The route itself."""
    return [
        Field("name", _("Name")),
        Field("product", _("Product"), "select", choices=[("", "—"), *known.products]),
    ]


def stage_sections(known: KnownHere) -> list[Section]:
    """A stage in three sections: the seven design fields, its deadline, what comes after."""
    return [
        Section(_("Design"), _design()),
        Section(_("Deadline and exit"), _deadline()),
        Section(_("What comes after"), _after(known)),
    ]


def _design() -> tuple[Field, ...]:
    return (
        Field("name", _("Name")),
        Field("phase", _("phase"), "select", choices=[("", "—"), *Stage.Phase.choices]),
        Field("goal", _("1 Goal"), "area", _("What is true for the customer at its end")),
        Field("definition", _("2 Definition"), "area", _("From when to when")),
        Field("customer_does", _("3 What the customer does"), "area"),
        Field("experience", _("4 What they experience"), "touchpoints",
              _("One a line; after “=” the fact that proves it: Home = resource.viewed"), rows=3),
        Field("provides", _("5 What we provide"), "area"),
    )  # fmt: skip


def _deadline() -> tuple[Field, ...]:
    return (
        Field("limit", _("Deadline"), "days", _("For example 20bd, 6w or 180d; empty: none")),
        Field("limit_from", _("Counted from"), "select", default="start",
              choices=[("start", _("the contract's start")), ("entry", _("entering the stage"))]),
        Field("exit.at_least", _("How many required criteria let go"), "number", default="all",
              help=_("“all”, or a number")),
        Field("completes_onboarding", _("Leaving it completes onboarding"), "check", default=False,
              help=_("At most one stage of a route")),
    )  # fmt: skip


def _after(known: KnownHere) -> tuple[Field, ...]:
    choices = [("", "—"), *known.journeys]
    return (
        Field("next.success", _("6 Next journey when it goes well"), "select", choices=choices),
        Field("next.failure", _("7 Next journey when it stalls"), "select", choices=choices),
    )


def stage_fields(known: KnownHere) -> list[Field]:
    """All fields of a stage."""
    return [f for section in stage_sections(known) for f in section.fields]


def criterion_fields(known: KnownHere) -> list[Field]:
    """An exit criterion: the customer's words, and the condition behind them."""
    return [
        Field("label", _("Label"), help=_("In the customer's words; it stands on their checklist")),
        Field("required", _("Required for leaving the stage"), "check", default=True,
              help=_("Otherwise recommended")),
        Field("when", _("Condition"), "condition", CONDITION_HELP, subject="subscription", wide=True),
        Field("help", _("Help"), "area", _("What to do, in a sentence or two")),
        Field("minutes", _("Minutes it takes"), "number"),
        Field("to", _("Where it is done"), help=_("home, goal, roadmap, lesson:…, course:…, product:/…")),
        Field("who", _("Whose task"), many=known.roles, help=_("A role")),
    ]  # fmt: skip


def read_part(part: Document, fields: list[Field], data: Mapping[str, str]) -> Document:
    """A stage or criterion with what its form says. `required` is spelled only where it is no."""
    said = filled(part, fields, data)
    return {"key": part.get("key", ""), **said}


def said_key(data: Mapping[str, Any]) -> str:
    """The key of a new stage or criterion as typed."""
    return str(data.get("key", "")).strip()
