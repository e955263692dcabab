"""A bundle as typed shapes (contracts 2). Unknown keys are refused with their path.

The shapes of what is published stand with publishing; here is what only a bundle brings.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field, model_validator

from journeys.publishing.shapes import (
    CalendarDoc,
    Condition,
    Doc,
    JourneyDoc,
    Key,
    Length,
    LifecycleDoc,
    PersonaDoc,
    ProductDoc,
    TemplateDoc,
    TopicDoc,
)

Id = Annotated[str, Field(min_length=1, max_length=200)]


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(_("needs an offset, such as 2026-07-08T09:30:00+09:00"))
    return text


def _after(first: str, last: str) -> bool:
    return datetime.fromisoformat(first) >= datetime.fromisoformat(last)


def _day(text: str) -> str:
    date.fromisoformat(text)
    return text


Moment = Annotated[str, AfterValidator(_moment)]
Day = Annotated[str, AfterValidator(_day)]


class PlayDoc(Doc):
    """What a person does, and how."""

    key: Key
    name: str
    channel: Literal["phone", "fax", "letter", "web_meeting", "other"] = "other"
    minutes: Annotated[int, Field(ge=0)] = 0
    guide: str = ""
    roles: list[str] = []
    cause: Literal["understanding", "operation", "evaluation", "other", ""] = ""
    due: Length = "2bd"


class SegmentDoc(Doc):
    """A saved condition, asked of one kind of subject."""

    key: Key
    name: str
    subject: Literal["account", "contact", "subscription"] = "account"
    when: Condition


class Assume(Doc):
    """What a draft that never ran is told about its readers: a share of those who got a message."""

    clicked: Annotated[float, Field(ge=0, le=1, strict=False)] | None = None
    answered: Annotated[float, Field(ge=0, le=1, strict=False)] | None = None


class ScenarioDoc(Doc):
    """A rehearsal to repeat: over the time behind (`backtest`), from now on (`forecast`), or of
    one moment (`dry_run`). Either a `span`, or `from` and `to`."""

    key: Key
    name: str
    journey: Key
    kind: Literal["dry_run", "backtest", "forecast"]
    span: Length | None = None
    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    segment: Key | None = None
    assume: Assume | None = None

    @model_validator(mode="after")
    def _says_when(self) -> ScenarioDoc:
        given = [self.span is not None, self.from_ is not None or self.to is not None]
        if self.kind != "dry_run" and sum(given) != 1:
            raise ValueError(_("say when: either span, or from and to"))
        if (self.from_ is None) != (self.to is None):
            raise ValueError(_("from and to belong together"))
        if self.from_ and self.to and _after(self.from_, self.to):
            raise ValueError(_("from must lie before to"))
        return self


class ContractDoc(Doc):
    """One product of an account; further traits under `traits`."""

    product: Key
    started_on: Day
    renewal_on: Day | None = None
    mrr: Annotated[float, Field(ge=0, strict=False)] | None = None
    traits: dict[str, Any] = {}


class ContactDoc(Doc):
    """Somebody in an account; `since` (default: when the account began) dates what is said here."""

    id: Id
    name: str
    email: str = ""
    kana: str = ""
    department: str = ""
    title: str = ""
    locale: str = ""
    roles: list[str] = []
    traits: dict[str, Any] = {}
    since: Moment | None = None


class FactDoc(Doc):
    """Something that happened in an account."""

    name: Id
    at: Moment
    contact: Id | None = None
    product: Key | None = None
    properties: dict[str, Any] = {}


class AccountDoc(Doc):
    """A customer to try things out with: said by the same calls as a product would make."""

    key: Id
    name: str
    kana: str = ""
    owner: str = ""
    value_tier: str = ""
    partner: str = ""
    traits: dict[str, Any] = {}
    since: Moment
    subscriptions: list[ContractDoc] = []
    contacts: list[ContactDoc] = []
    facts: list[FactDoc] = []


class BundleDoc(Doc):
    """The top-level keys, each may be absent."""

    version: Literal[1]
    products: list[ProductDoc] = []
    calendars: list[CalendarDoc] = []
    topics: list[TopicDoc] = []
    personas: list[PersonaDoc] = []
    templates: list[TemplateDoc] = []
    plays: list[PlayDoc] = []
    segments: list[SegmentDoc] = []
    lifecycles: list[LifecycleDoc] = []
    journeys: list[JourneyDoc] = []
    scenarios: list[ScenarioDoc] = []
    accounts: list[AccountDoc] = []
