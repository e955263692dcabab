"""What a journey's head and each kind of step ask their author."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from journeys.admin.editor.fields import Document, Field, Text, filled
from journeys.admin.editor.steps import Step, kind_of
from journeys.models import (
    Membership,
    Persona,
    Product,
    Stage,
    Template,
    Topic,
    VersionStatus,
)

Choices = list[tuple[str, Text]]

KIND_LABELS: dict[str, Text] = {
    "email": _("E-mail"),
    "nudge": _("In-app nudge"),
    "wait": _("Wait"),
    "wait_until": _("Wait until"),
    "if": _("Branch"),
    "leave": _("End here"),
    # Written in a bundle so far; shown here.
    "line": _("LINE"),
    "chat": _("Chat"),
    "task": _("Task for a person"),
    "webhook": _("Webhook"),
    "split": _("Split"),
    "assign": _("Assign a course"),
    "set": _("Note a trait"),
}
KIND_HELP: dict[str, Text] = {
    "email": _("Send a letter. The route goes on once it has left or was skipped."),
    "nudge": _("Show a hint inside the product or the learning site."),
    "wait": _("Let business days or hours pass."),
    "wait_until": _("Wait for something to happen, at most for a time you set."),
    "if": _("Take one of two or three ways."),
    "leave": _("Leave the journey at this point."),
}
ICONS = {
    "email": "mail", "nudge": "nudge", "wait": "wait", "wait_until": "clock", "if": "route",
    "leave": "flag",
}  # fmt: skip
BRANCH_LABELS: dict[tuple[str, str], Text] = {
    ("if", "then"): _("when it is met"),
    ("if", "else"): _("when it is not met"),
    ("if", "unknown"): _("when it cannot be judged"),
    ("wait_until", "then"): _("when it has happened"),
    ("wait_until", "on_timeout"): _("when the time is over"),
}
DAYS_HELP = _("3bd = 3 business days, 2d = 2 days, 4h = 4 hours, 1w = 1 week")
CONDITION_HELP = _("In YAML. It is checked while you type; nothing is sent by checking.")


@dataclass(frozen=True)
class Known:
    """What can be chosen: read once for a page, by a fixed number of SELECTs."""

    products: Choices
    topics: Choices
    personas: Choices
    templates: dict[str, Choices]  # channel -> (key, name)
    stages: Choices
    roles: str
    names: dict[str, str] = field(default_factory=dict)  # template key -> name
    stage_names: dict[str, str] = field(default_factory=dict)  # stage key -> name

    @classmethod
    def now(cls) -> Known:
        templates = list(Template.objects.values_list("channel", "key", "name"))
        stages = _published_stages()
        return cls(
            products=list(Product.objects.order_by("name").values_list("key", "name")),
            topics=list(Topic.objects.order_by("pk").values_list("key", "name")),
            personas=list(Persona.objects.order_by("pk").values_list("key", "name")),
            templates={
                channel: [(key, name) for c, key, name in templates if c == channel]
                for channel in ("email", "nudge")
            },
            stages=[(key, f"{name}（{route}）") for key, name, route in stages],
            roles="\n".join(
                Membership.objects.exclude(role="").values_list("role", flat=True).distinct()[:50]
            ),
            names={key: name for _channel, key, name in templates},
            stage_names={key: name for key, name, _route in stages},
        )


def _published_stages() -> list[tuple[str, str, str]]:
    rows = Stage.objects.filter(version__status=VersionStatus.PUBLISHED)
    return list(
        rows.order_by("version", "position").values_list("key", "name", "version__lifecycle__name")
    )


# --- the head ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Section:
    """Fields that belong together, under a heading."""

    title: Text
    fields: tuple[Field, ...]
    lead: Text = ""


def head(known: Known) -> list[Section]:
    """A journey's head in four sections (R24)."""
    return [_aim(), _entrance(known), _exits(), _speaking(known)]


def _aim() -> Section:
    return Section(
        _("What it is for"),
        (
            Field("name", _("Name")),
            Field("aim.satisfaction", _("Aim for the customer"), "area",
                  _("What gets easier for them? Needed for publishing.")),
            Field("aim.efficiency", _("Aim for us"), "area",
                  _("Which work becomes unnecessary or standard? Needed for publishing.")),
            Field("aim.kpi", _("KPI"), help=_("How we will see that it works. Needed for publishing.")),
            Field("aim.owner", _("Owner"), help=_("Who looks after it, by e-mail address")),
            Field("aim.review_by", _("Review by"), "date"),
        ),
    )  # fmt: skip


def _entrance(known: Known) -> Section:
    return Section(
        _("Who comes in"),
        (
            Field("product", _("Product"), "select", choices=[("", _("No product")), *known.products]),
            Field("subject", _("Runs for"), "select", default="contact",
                  choices=[("contact", _("each person")), ("account", _("each company, once"))]),
            Field("entry_kind", _("Entrance"), "select", default="stage",
                  choices=[("stage", _("being in a stage")), ("when", _("a condition")),
                           ("other", _("as the bundle says: a fact, the calendar, by name"))]),
            Field("entry.stage", _("Stage"), "select", choices=[("", "—"), *known.stages],
                  shown_if="entry_kind=stage"),
            Field("entry.when", _("Entrance condition"), "condition", CONDITION_HELP,
                  subject="enrollment", shown_if="entry_kind=when", wide=True),
            Field("to.role", _("People in the role"), many=known.roles,
                  help=_("Empty: everybody of the company")),
            Field("enroll", _("Who matches already at publishing"), "select", default="new",
                  choices=[("new", _("stays out")), ("existing", _("comes in, too"))]),
            Field("reentry_kind", _("Coming in again"), "select", default="never",
                  choices=[("never", _("never")), ("always", _("whenever it matches again")),
                           ("after", _("after a time"))]),
            Field("reentry.after", _("Time until coming in again"), "days", DAYS_HELP,
                  shown_if="reentry_kind=after"),
        ),
    )  # fmt: skip


def _exits() -> Section:
    return Section(
        _("Ways out"),
        (
            Field("goal", _("Journey goal"), "condition", CONDITION_HELP, subject="enrollment", wide=True),
            Field("exit_when", _("Leaves early when"), "condition", CONDITION_HELP,
                  subject="enrollment", wide=True),
        ),
        _("Checked before every step, from wherever somebody stands."),
    )  # fmt: skip


def _speaking(known: Known) -> Section:
    return Section(
        _("How it speaks"),
        (
            Field("topic", _("Topic"), "select", choices=[("", "—"), *known.topics],
                  help=_("What the recipient stops or keeps")),
            Field("priority", _("Priority"), "number", default=50,
                  help=_("When several messages want the same slot, the higher one goes")),
            Field("holdout", _("Held-out group (%)"), "number", default=0,
                  help=_("Gets nothing, so that the effect can be measured")),
        ),
    )  # fmt: skip


def head_fields(known: Known) -> list[Field]:
    """All fields of the head."""
    return [f for section in head(known) for f in section.fields]


def shown_head(document: Document) -> Document:
    """The document with what the form asks beside it: which entrance, which way to come again."""
    reentry, entry = document.get("reentry"), document.get("entry")
    return {
        **document,
        "entry_kind": _entry_kind(entry),
        "reentry_kind": "after" if isinstance(reentry, dict) else reentry or "never",
    }


def _entry_kind(entry: Any) -> str:
    if not isinstance(entry, dict) or not entry or set(entry) == {"stage"}:
        return "stage"
    return "when" if set(entry) == {"when"} else "other"


def read_head(document: Document, fields: list[Field], data: Mapping[str, str]) -> Document:
    """The document with everything the head's form says."""
    said = filled(document, fields, data)
    entrance, again = said.pop("entry_kind", "stage"), said.pop("reentry_kind", "never")
    entry = said.get("entry") if isinstance(said.get("entry"), dict) else {}
    if entrance == "other":
        said["entry"] = document.get("entry")
    else:
        empty = "" if entrance == "stage" else {}
        said["entry"] = {entrance: (entry or {}).get(entrance) or empty}
    if again == "after":
        after = said.get("reentry")
        said["reentry"] = after if isinstance(after, dict) else {"after": ""}
    elif again != "never" or "reentry" in document:
        said["reentry"] = again
    else:
        said.pop("reentry", None)
    return said


# --- steps ------------------------------------------------------------------------------------------
def step_fields(step: Step, known: Known, document: Document) -> list[Field]:
    """The fields of a step's kind, and no others; recipients only where a company is spoken to."""
    kind = kind_of(step)
    make = {
        "email": _email, "nudge": _nudge, "wait": _wait, "wait_until": _wait_until,
        "if": _if, "leave": _leave,
    }.get(kind)  # fmt: skip
    fields = make(known) if make else []
    is_asked = document.get("subject") == "account" or "to" in step
    return [field for field in fields if field.name != "to.role" or is_asked]


def _condition(name: str, label: Text, help_: Text = CONDITION_HELP) -> Field:
    return Field(name, label, "condition", help_, subject="enrollment", wide=True)


def _email(known: Known) -> list[Field]:
    return [
        Field("email", _("Letter"), "select", choices=[("", "—"), *known.templates["email"]]),
        Field("to.role", _("To people in the role"), many=known.roles,
              help=_("Only in journeys that run for companies")),
        _condition("skip_if", _("Skip it when this is met already")),
        Field("expires_after", _("Too late to be of use after"), "days", DAYS_HELP, default="5bd"),
        Field("persona", _("Sender"), "select",
              choices=[("", _("as the letter says")), *known.personas]),
        Field("importance", _("Importance"), "select", default="",
              choices=[("", _("usual")), ("critical", _("critical: goes outside the slots"))]),
        Field("at_once", _("Send at once, not at the next slot"), "check", default=False),
        Field("wait_for", _("The next step"), "select", default="",
              choices=[("", _("waits until this has left")), ("nothing", _("does not wait"))]),
    ]  # fmt: skip


def _nudge(known: Known) -> list[Field]:
    return [
        Field("nudge", _("Nudge"), "select", choices=[("", "—"), *known.templates["nudge"]]),
        Field("to.role", _("To people in the role"), many=known.roles,
              help=_("Only in journeys that run for companies")),
        _condition("until", _("Take it back when")),
        _condition("skip_if", _("Skip it when this is met already")),
        Field("expires_after", _("Too late to be of use after"), "days", DAYS_HELP, default="5bd"),
        Field("page", _("On the page"), help=_("Empty: where the nudge's text says")),
    ]  # fmt: skip


def _wait(_known: Known) -> list[Field]:
    return [Field("wait", _("How long"), "days", DAYS_HELP)]


def _wait_until(_known: Known) -> list[Field]:
    return [
        _condition("wait_until", _("Wait until")),
        Field("timeout", _("At most"), "days", DAYS_HELP),
    ]


def _if(_known: Known) -> list[Field]:
    return [_condition("if", _("Condition"))]


def _leave(_known: Known) -> list[Field]:
    return [Field("leave", _("Reason"), help=_("In your own words; it stands in the ledger"))]


def read_step(step: Step, fields: list[Field], data: Mapping[str, str]) -> Step:
    """The step with what its form says; its kind stays even when its field was emptied."""
    said = filled(step, fields, data)
    kind = kind_of(step)
    if kind not in said:
        said[kind] = {} if kind in ("if", "wait_until") else ""
    # id and kind first, as an author writes them.
    return {"id": step["id"], kind: said[kind], **said}


def blank(kind: str, step_id: str) -> Step:
    """A new step as it begins."""
    begins: dict[str, Any] = {"wait": "2bd", "if": {}, "wait_until": {}}
    return {"id": step_id, kind: begins.get(kind, "")}
