"""The documents of contracts 2 as typed shapes. Unknown keys are refused with their path.

Conditions inside a document stay plain trees here; `checks` reads them with the condition room.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from journeys.timing import BadSpan, span

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$")]
Condition = dict[str, Any]


def _span(text: str) -> str:
    try:
        span(text)
    except BadSpan as error:
        raise ValueError(str(error)) from None
    return text


Length = Annotated[str, AfterValidator(_span)]


class Doc(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ProductDoc(Doc):
    key: Key
    name: str
    subscribe: Literal["none", "every_account"] | Condition = "none"


class Closure(Doc):
    from_: str = Field(alias="from", pattern=r"^\d{4}-\d\d-\d\d$")
    to: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    name: str = ""


class Window(Doc):
    from_: str = Field(alias="from", pattern=r"^\d\d:\d\d$")
    to: str = Field(pattern=r"^\d\d:\d\d$")


class Edge(Doc):
    """A business day counted in a month: 1 is its first, -1 its last; `of`: which month."""

    day: Annotated[int, Field(ge=-23, le=23)]
    of: Literal["this", "next"] = "this"

    @model_validator(mode="after")
    def _is_a_day(self) -> Edge:
        if self.day == 0:
            raise ValueError(_("day counts business days from 1, or from the end with -1"))
        return self


class Blackout(Doc):
    """Each month `from` one business day to another, both included: who is not told what (R31)."""

    name: str = ""
    roles: list[str] = Field(min_length=1)
    categories: list[Literal["guidance", "promotional"]] = ["promotional"]
    from_: Edge = Field(alias="from")
    to: Edge
    except_topics: list[Key] = []


class CalendarDoc(Doc):
    key: Key
    name: str = ""
    country: str = Field("JP", pattern=r"^[A-Z]{2}$")
    slots: list[Annotated[str, Field(pattern=r"^\d\d:\d\d$")]] = ["10:00", "15:00"]
    window: Window | None = None
    closures: list[Closure] = []
    blackouts: list[Blackout] = []


class TopicDoc(Doc):
    key: Key
    name: str
    category: Literal["transactional", "guidance", "promotional"] = "guidance"
    description: str = ""


class PersonaDoc(Doc):
    key: Key
    name: str
    title: str = ""
    organisation: str
    from_email: str
    reply_to: str = ""
    hours: str = ""
    phone: str = ""
    legal_name: str
    postal_address: str
    complaints_to: str


class Button(Doc):
    label: str
    to: str


class ButtonLabel(Doc):
    label: str


class EnglishDoc(Doc):
    """What English readers get instead; where the button leads stays the same (R56)."""

    subject: str = ""
    preview: str = ""
    title: str = ""
    body: str = ""
    button: ButtonLabel | None = None
    closing: str = ""


class TemplateDoc(Doc):
    key: Key
    channel: Literal["email", "nudge", "line", "chat"]
    name: str
    topic: Key
    persona: Key | None = None
    next_action: str = ""
    subject: str = ""
    preview: str = ""
    title: str = ""
    body: str
    button: Button | None = None
    closing: str = ""
    en: EnglishDoc | None = None
    style: Literal["banner", "tooltip", "modal"] = "banner"
    page: str = ""

    @model_validator(mode="after")
    def _speaks_its_channel(self) -> TemplateDoc:
        if self.channel == "email" and not (self.subject and self.persona):
            raise ValueError(_("an e-mail needs a subject and a persona"))
        if self.channel == "nudge" and not self.title:
            raise ValueError(_("a nudge needs a title"))
        return self


class Touchpoint(Doc):
    touchpoint: str
    proven_by: str = ""


class CriterionDoc(Doc):
    key: Key
    label: str
    required: bool = True
    when: Condition
    help: str = ""
    minutes: int | None = None
    to: str = ""
    who: str = ""


class ExitDoc(Doc):
    at_least: Literal["all"] | int = "all"
    criteria: list[CriterionDoc] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_be_reached(self) -> ExitDoc:
        required = sum(c.required for c in self.criteria)
        if required == 0:
            raise ValueError(_("at least one criterion must be required"))
        if isinstance(self.at_least, int) and not 1 <= self.at_least <= required:
            message = _("at_least must lie between 1 and the %d required criteria")
            raise ValueError(message % required)
        return self


class StageDoc(Doc):
    key: Key
    name: str
    phase: Literal["onboarding", "adoption", "expansion"] | None = None
    goal: str = ""
    definition: str = ""
    customer_does: str = ""
    experience: list[Touchpoint] = []
    provides: str = ""
    limit: Annotated[str, Field(pattern=r"^\d+(bd|d|w)$"), AfterValidator(_span)] | None = None
    limit_from: Literal["start", "entry"] = "start"
    completes_onboarding: bool = False
    exit: ExitDoc | None = None
    next: dict[Literal["success", "failure"], Key] = {}


class LifecycleDoc(Doc):
    key: Key
    product: Key
    name: str
    first_value: Condition | None = None  # when the customer first finds value (R12)
    stages: list[StageDoc] = Field(min_length=2)

    @field_validator("stages")
    @classmethod
    def _design_is_complete(cls, stages: list[StageDoc]) -> list[StageDoc]:
        """R2: no stage but the last goes without goal, definition, exit and customer_does."""
        for stage in stages[:-1]:
            missing = [
                f for f in ("goal", "definition", "customer_does", "exit") if not getattr(stage, f)
            ]
            if missing:
                message = _("stage “%(key)s” needs %(what)s")
                raise ValueError(message % {"key": stage.key, "what": ", ".join(missing)})
        keys = [stage.key for stage in stages]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(_("the stage key %s stands twice") % ", ".join(twice))
        if sum(stage.completes_onboarding for stage in stages) > 1:
            raise ValueError(_("at most one stage may have completes_onboarding: true"))
        return stages


class Aim(Doc):
    satisfaction: str = ""
    efficiency: str = ""
    kpi: str = ""
    owner: str = ""
    review_by: str = ""


class To(Doc):
    role: str


class StepDoc(Doc):
    """One step: its id, exactly one kind, and that kind's fields (checked in `program`)."""

    model_config = ConfigDict(extra="allow", strict=True)
    id: Key


class Reentry(Doc):
    after: Length


class JourneyDoc(Doc):
    key: Key
    name: str
    product: Key | None = None
    subject: Literal["contact", "account"] = "contact"
    entry: dict[str, Any]
    to: To | None = None
    enroll: Literal["new", "existing"] = "new"
    reentry: Literal["never", "always"] | Reentry | None = None  # never; of `every`: always
    aim: Aim = Aim()
    priority: int = 50
    topic: Key
    holdout: Annotated[float, Field(ge=0, lt=100, strict=False)] = 0
    goal: Condition | None = None
    exit_when: Condition | None = None
    steps: list[dict[str, Any]] = Field(min_length=1)
