"""One customer's past (and what is planned), newest first: moves, facts, messages, decisions.

Each source gives at most a page of rows, by a fixed number of SELECTs, before a moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from journeys.admin import words
from journeys.models import Account, Decision, Event, Journey, Message, Stage, StageTransition
from journeys.timing import Days

PAGE = 60
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHOWS = ("all", "skipped", "acts")
State, Verdict = Message.State, Decision.Verdict
#: Messages that were not said, by a decision and not by a failure.
NOT_SAID = (State.SKIPPED, State.EXPIRED, State.MERGED, State.RECALLED)
AHEAD = (State.PLANNED, State.HELD)
#: Decisions that stand for themselves; those about a message stand under it.
OF_PEOPLE = (Verdict.TASKED, Verdict.DONE, Verdict.RETURNED, Verdict.CANCELLED)
OF_THE_ROUTE = (
    Verdict.CRITERION_LOST, Verdict.CRITERION_BACK, Verdict.HELD, Verdict.LET_GO,
    Verdict.EXTENDED, Verdict.REROUTED,
)  # fmt: skip
OF_THEIR_OWN = (Verdict.ENTERED, Verdict.LEFT, Verdict.SKIPPED, *OF_THE_ROUTE, *OF_PEOPLE)

#: Facts every installation knows; the others are the vendor's own names.
FACTS: dict[str, Any] = {
    "lesson.viewed": gettext_lazy("Looked at a lesson"),
    "lesson.completed": gettext_lazy("Completed a lesson"),
    "course.progressed": gettext_lazy("Went on in a course"),
    "course.completed": gettext_lazy("Completed a course"),
    "quiz.passed": gettext_lazy("Passed a quiz"),
    "article.viewed": gettext_lazy("Read an article"),
    "goal.set": gettext_lazy("Set the success goal"),
    "deliverable.changed": gettext_lazy("Changed a deliverable"),
    "stage.confirmed": gettext_lazy("Confirmed a stage"),
    "survey.answered": gettext_lazy("Answered a survey"),
    "message.answered": gettext_lazy("Answered a message"),
    "user.signed_in": gettext_lazy("Signed in"),
}


#: Facts that only accompany another one: shown among the person's own actions.
BESIDE = ("course.progressed",)


@dataclass
class Entry:
    """One line of the past. `kind`: move, act, sent, no (not said), ahead, note."""

    at: datetime
    kind: str
    badge: str
    title: str
    who: str = ""
    detail: str = ""
    count: int = 1
    whys: list[tuple[str, list[words.Line]]] = field(default_factory=list)
    message_id: int | None = None
    state: Any = None
    key: Any = None  # facts of one key on one day are one entry


@dataclass(frozen=True)
class Timeline:
    """A page of entries, and the moment before which the next page begins."""

    entries: list[Entry]
    older: datetime | None


def timeline(
    account: Account, days: Days, *, show: str = "all", before: datetime | None = None
) -> Timeline:
    """The newest entries of an account before a moment (None: all there is, planned ones too)."""
    stages = dict(Stage.objects.values_list("key", "name"))
    found: list[Entry] = []
    if show == "all":
        found += _moves(account, before, stages) + _decisions(account, before, stages)
    if show == "skipped":
        found += [e for e in _decisions(account, before, stages) if e.kind == "no"]
    if show in ("all", "acts"):
        found += _facts(account, before, days, every=show == "acts")
    if show in ("all", "skipped"):
        found += _messages(account, before, stages, only_not_said=show == "skipped")
    found.sort(key=lambda entry: entry.at, reverse=True)
    page = found[:PAGE]
    return Timeline(page, page[-1].at if len(found) > PAGE else None)


def _until(rows: Any, name: str, before: datetime | None) -> Any:
    rows = rows.filter(**{f"{name}__lt": before}) if before else rows
    return rows.order_by(f"-{name}", "-pk")[: PAGE + 1]


# --- moves ------------------------------------------------------------------------------------------
def _moves(account: Account, before: datetime | None, stages: words.Stages) -> list[Entry]:
    rows = _until(StageTransition.objects.filter(account_id=account.pk), "effective_at", before)
    return [
        Entry(
            at=move.effective_at,
            kind="move",
            badge=_("Stage"),
            title=_move_title(move, stages),
            detail=str(move.get_cause_display()) + (f"・{move.note}" if move.note else ""),
            whys=[(_("Exit criteria"), words.evidence(move.evidence, stages))]
            if move.evidence.get("criteria")
            else [],
        )
        for move in rows
    ]


def _move_title(move: StageTransition, stages: words.Stages) -> str:
    to = move.to_stage_name or stages.get(move.to_stage, move.to_stage)
    if not move.from_stage:
        return _("Began with “%s”") % to
    return f"{stages.get(move.from_stage, move.from_stage)} → {to}"


# --- facts ------------------------------------------------------------------------------------------
def _facts(account: Account, before: datetime | None, days: Days, *, every: bool) -> list[Entry]:
    """Facts, those of one name by one person on one day (and next to each other) as one entry."""
    rows = _until(
        Event.objects.filter(account=account).select_related("contact"), "occurred_at", before
    )
    found: list[Entry] = []
    for event in rows:
        key = (event.name, event.contact_id, days.local_date(event.occurred_at))
        if found and found[-1].key == key:
            found[-1].count += 1
            continue
        found.append(
            Entry(
                at=event.occurred_at,
                kind="act",
                badge=_("Own action"),
                title=str(FACTS.get(event.name, event.name)),
                who=str(event.contact or ""),
                detail=_properties(event.properties),
                key=key,
            )
        )
    return found


def _properties(properties: dict[str, Any]) -> str:
    """The first few properties; ids of ours say nothing to a reader."""
    said = [f"{k}={_short(v)}" for k, v in properties.items() if not _UID.fullmatch(str(v))]
    return "、".join(said[:4])


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


# --- messages ---------------------------------------------------------------------------------------
def _messages(
    account: Account, before: datetime | None, stages: words.Stages, *, only_not_said: bool
) -> list[Entry]:
    rows = Message.objects.filter(account_id=account.pk)
    if only_not_said:
        rows = rows.filter(state__in=NOT_SAID)
    rows = _until(
        rows.select_related("contact", "template_version__template"), "planned_at", before
    )
    messages = list(rows)
    why = _whys([m.pk for m in messages], stages)
    return [_said(message, why.get(message.pk, [])) for message in messages]


def _whys(
    message_ids: Iterable[int], stages: words.Stages
) -> dict[int, list[tuple[str, list[words.Line]]]]:
    """Message id → each decision about it, in order, as (heading, what was seen)."""
    found: dict[int, list[tuple[str, list[words.Line]]]] = {}
    rows = Decision.objects.filter(message_id__in=list(message_ids)).order_by("at", "pk")
    for decision in rows:
        heading = f"{decision.get_verdict_display()}：{decision.get_reason_display()}"
        found.setdefault(decision.message_id or 0, []).append(
            (heading, words.evidence(decision.evidence, stages))
        )
    return found


def _said(message: Message, whys: list[tuple[str, list[words.Line]]]) -> Entry:
    kind = "no" if message.state in NOT_SAID else "ahead" if message.state in AHEAD else "sent"
    version = message.template_version
    return Entry(
        at=_at(message),
        kind=kind,
        badge=str(message.get_channel_display()),
        title=version.template.name if version else message.step_id,
        who=str(message.contact or ""),
        detail=words.reason(message.reason),
        whys=whys,
        message_id=message.pk,
        state=message,
    )


def _at(message: Message) -> datetime:
    """When it left or was shown, was decided not to be said, or is due."""
    if message.state in NOT_SAID:
        return message.settled_at or message.planned_at
    return message.handed_at or message.shown_at or message.due_at


# --- decisions --------------------------------------------------------------------------------------
def _decisions(account: Account, before: datetime | None, stages: words.Stages) -> list[Entry]:
    rows = Decision.objects.filter(account_id=account.pk, message_id=None, verdict__in=OF_THEIR_OWN)
    decisions = list(_until(rows, "at", before))
    names = dict(Journey.objects.values_list("key", "name"))
    return [
        Entry(
            at=decision.at,
            kind="no" if decision.verdict == Verdict.SKIPPED else "note",
            badge=str(decision.get_verdict_display()),
            title=decision.rule
            if decision.verdict in OF_PEOPLE
            else names.get(decision.journey_key, decision.journey_key) or decision.rule,
            detail=_rule(decision),
            whys=_why_of(decision, stages),
        )
        for decision in decisions
    ]


def _rule(decision: Decision) -> str:
    step = f"・{decision.step_id}" if decision.step_id else ""
    version = f" v{decision.version}" if decision.version else ""
    return f"{decision.get_reason_display()}{step}{version}"


def _why_of(decision: Decision, stages: words.Stages) -> list[tuple[str, list[words.Line]]]:
    lines = words.evidence(decision.evidence, stages)
    return [(str(decision.get_reason_display()), lines)] if lines else []
