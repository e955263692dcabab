"""`message`: what became of the messages of a journey's step. Opens decide nothing.

Always met or not met. A message is sent when it was accepted or delivered; a nudge when it was
visible to the person, who may then click it or put it away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from journeys.conditions.asking import Ask
from journeys.conditions.at import At
from journeys.conditions.dialect import among
from journeys.conditions.leaves.spells import Spell, Spells
from journeys.conditions.tree import Evidence
from journeys.conditions.windows import BEGINNING, back, drops_out, read_span
from journeys.conditions.words import span_in_words
from journeys.models import Click, Event, Message
from journeys.timing import Span

FIELDS = ("journey", "step", "was", "within")
State = Message.State
ANSWER = "message.answered"
SAID = {
    "sent": pgettext_lazy("message", "sent"),
    "delivered": pgettext_lazy("message", "delivered"),
    "clicked": pgettext_lazy("message", "clicked"),
    "answered": pgettext_lazy("message", "answered"),
    "dismissed": pgettext_lazy("message", "put away"),
    "bounced": pgettext_lazy("message", "returned"),
}


@dataclass(frozen=True)
class MessageLeaf(Spells):
    """Messages of a step (of any step where none is named) to which something happened."""

    head: ClassVar[str] = "message"
    journey: str
    step: str
    was: str
    within: Span | None = None

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("was",))
        return cls(
            given["journey"].text() if "journey" in given else "",
            given["step"].text() if "step" in given else "",
            given["was"].choice(SAID),
            read_span(given["within"]) if "within" in given else None,
        )

    def body(self) -> Any:
        written = {"journey": self.journey, "step": self.step, "was": self.was}
        written["within"] = self.within.text if self.within else ""
        return {word: value for word, value in written.items() if value}

    # --- in SQL -------------------------------------------------------------------------------
    def rows(self, ask: Ask) -> list[QuerySet[Any]]:
        mine = Message.objects.filter(**self._which())
        match self.was:
            case "clicked":
                clicks = Click.objects.filter(self._inside("at", ask), message_id=OuterRef("pk"))
                nudge = Q(self._inside("answered_at", ask), state=State.CLICKED)
                return [mine.filter(nudge | Q(Exists(clicks)))]
            case "answered":
                return [mine.filter(Exists(self._answers(ask)))]
            case "dismissed":
                return [mine.filter(self._inside("answered_at", ask), state=State.DISMISSED)]
            case "bounced":
                told = self._inside("settled_at", ask)
                return [mine.filter(told, state=State.FAILED, reason="refused")]
        return [mine.filter(self._arrived(ask))]

    def _which(self) -> dict[str, str]:
        written = {"journey_key": self.journey, "step_id": self.step}
        return {column: value for column, value in written.items() if value}

    def _inside(self, column: str, ask: Ask) -> Q:
        start = back(ask.now, self.within, ask.days) if self.within else BEGINNING
        return ask.known(column) & Q(**{f"{column}__gt": start, f"{column}__lte": ask.now})

    def _arrived(self, ask: Ask) -> Q:
        seen = Q(self._inside("shown_at", ask), channel="nudge")
        if self.was == "delivered":
            return seen | Q(self._inside("settled_at", ask), state=State.DELIVERED)
        left = self._inside("handed_at", ask) | Q(self._inside("settled_at", ask), handed_at=None)
        accepted = (State.ACCEPTED, State.DELIVERED)
        return seen | left & ask.known("settled_at") & Q(state__in=accepted)

    def _answers(self, ask: Ask) -> QuerySet[Event]:
        """Facts of the same person about the same step, after the message was planned."""
        return Event.objects.filter(
            self._inside("occurred_at", ask),
            ask.known(),
            Exact(KeyTextTransform("step", "properties"), OuterRef("step_id")),
            name=ANSWER,
            contact_id=OuterRef("contact_id"),
            occurred_at__gte=OuterRef("planned_at"),
        )

    # --- in memory ----------------------------------------------------------------------------
    def holds(self, spell: Spell, at: datetime, ask: Ask) -> bool:
        if spell.begun > at:
            return False
        return self.within is None or spell.begun > back(at, self.within, ask.days)

    def ends(self, spell: Spell, ask: Ask) -> Iterator[datetime]:
        if self.within is not None:
            yield from drops_out(spell.begun, self.within, ask.days)

    def spells(self, ids: Iterable[int | None], ask: Ask) -> Iterable[tuple[int | None, Spell]]:
        messages = Message.objects.filter(
            among("account_id", ids), **self._which(), planned_at__lte=ask.now
        ).only(
            "account_id", "contact_id", "subscription_id", "enrollment_id", "journey_key",
            "step_id", "state", "reason", "channel", "planned_at", "handed_at", "settled_at",
            "shown_at", "answered_at",
        )  # fmt: skip
        of = {message.pk: message for message in messages}
        also = self._clicks(of, ask) if self.was == "clicked" else self._answered(of, ask)
        for pk, m in of.items():
            moments = [*self._moments(m), *also.get(pk, ())]
            for at, known in moments:
                if at is not None and at <= ask.now and ask.knew(known):
                    shown = {"at": at, "journey": m.journey_key, "step": m.step_id, "was": self.was}
                    place = (m.contact_id, m.subscription_id, m.enrollment_id)
                    yield m.account_id, Spell(at, None, shown, *place)

    def _moments(self, m: Message) -> Iterator[tuple[datetime | None, datetime | None]]:
        """When it happened to a message, and when that was known."""
        match self.was:
            case "clicked" if m.state == State.CLICKED:
                yield m.answered_at, m.answered_at
            case "dismissed" if m.state == State.DISMISSED:
                yield m.answered_at, m.answered_at
            case "bounced" if m.state == State.FAILED and m.reason == "refused":
                yield m.settled_at, m.settled_at
            case "sent" | "delivered":
                if m.channel == "nudge":
                    yield m.shown_at, m.shown_at
                if m.state == State.DELIVERED and self.was == "delivered":
                    yield m.settled_at, m.settled_at
                if m.state in (State.ACCEPTED, State.DELIVERED) and self.was == "sent":
                    yield m.handed_at or m.settled_at, m.settled_at

    def _clicks(self, of: Mapping[int, Message], ask: Ask) -> Mapping[int, list[Any]]:
        found = Click.objects.filter(among("message_id", of), at__lte=ask.now)
        moments: dict[int, list[Any]] = defaultdict(list)
        for pk, at in found.values_list("message_id", "at"):
            moments[pk].append((at, at))
        return moments

    def _answered(self, of: Mapping[int, Message], ask: Ask) -> Mapping[int, list[Any]]:
        if self.was != "answered":
            return {}
        told = Event.objects.filter(
            ask.known(), among("contact_id", [m.contact_id for m in of.values()]), name=ANSWER,
            occurred_at__lte=ask.now,
        )  # fmt: skip
        answers: dict[Any, list[datetime]] = defaultdict(list)
        for who, at, said in told.values_list("contact_id", "occurred_at", "properties"):
            answers[who, said.get("step")].append(at)
        return {
            pk: [(at, at) for at in answers[m.contact_id, m.step_id] if at >= m.planned_at]
            for pk, m in of.items()
        }

    # --- in words -----------------------------------------------------------------------------
    def sentence(self, evidence: Evidence) -> str:
        said = {
            "step": self.step or pgettext("step", "any step"),
            "journey": self.journey or pgettext("journey", "this one"),
            "was": SAID[self.was],
            "found": pgettext("value", "yes") if evidence.found else pgettext("value", "no"),
        }
        text = _("Message “%(step)s” of the journey “%(journey)s” %(was)s: %(found)s") % said
        if self.within is None:
            return text
        window = _("in the last %s") % span_in_words(self.within.text)
        return _("%(text)s, %(window)s") % {"text": text, "window": window}
