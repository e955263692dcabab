"""The pages of the journey editor: the line of steps, one form at a time, and what they save."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from journeys import clock
from journeys.admin import words
from journeys.admin.editor import difference, drafts, fields, problems, steps, wording
from journeys.admin.editor.desk import Desk, who_saved
from journeys.admin.editor.drafts import Overtaken
from journeys.admin.editor.fields import Text
from journeys.admin.editor.journey_fields import (
    BRANCH_LABELS,
    ICONS,
    KIND_HELP,
    KIND_LABELS,
    Known,
    blank,
    head,
    head_fields,
    read_head,
    read_step,
    shown_head,
    step_fields,
)
from journeys.models import Enrollment
from journeys.permission import paused_journeys


@dataclass
class Node:
    """A step as a card on the line."""

    id: str
    kind: str
    label: Text
    icon: str
    title: str
    notes: list[str]
    number: int
    problems: int
    waiting: int
    is_here: bool
    place: steps.Place
    siblings: int
    branches: list[Branch] = field(default_factory=list)

    @property
    def is_first(self) -> bool:
        return self.place.index == 0

    @property
    def is_last(self) -> bool:
        return self.place.index == self.siblings - 1

    @property
    def next_index(self) -> int:
        return self.place.index + 1


@dataclass
class Branch:
    """One way out of a step, with the cards on it."""

    parent: str
    name: str
    label: Text
    nodes: list[Node] = field(default_factory=list)


# --- reading ----------------------------------------------------------------------------------------
def show(desk: Desk) -> HttpResponse:
    """The editor. `?step=ID` opens a step's form, `?add=…` the choice of a new one's kind."""
    return _page(desk, desk.request.GET)


def _page(
    desk: Desk, asked: Any, typed: Any = None, overtaken: Overtaken | None = None
) -> HttpResponse:
    if overtaken is not None:
        desk = Desk(desk.admin, desk.request, overtaken.draft, desk.named)
    known = Known.now()
    located = problems.of_journey(desk.document)
    here = steps.find(desk.document, asked.get("step", ""))
    context = {
        "nodes": nodes(desk, known, located, here.id if here else ""),
        "strip": strip(desk.document, known),
        "problems": located,
        "head_problems": len(problems.at_step(located, "")),
        "inspector": _inspector(desk, known, located, asked, typed, here),
        "entrance": _entrance(desk.document, known),
        "stopped": desk.noun.key in paused_journeys(clock.now()),
        "changes": _changes(desk, known),
        "conflict": _conflict(desk, typed, known, here) if overtaken else None,
    }
    return desk.page("journey.html", status=409 if overtaken else 200, **context)


def _inspector(
    desk: Desk, known: Known, located: list[Any], asked: Any, typed: Any, here: Any
) -> dict[str, Any]:
    """What is being edited: a step, a new step's kind, or the head."""
    if asked.get("add") is not None and desk.may_change:
        kinds = [(k, KIND_LABELS[k], KIND_HELP[k], ICONS[k]) for k in steps.KINDS]
        return {"mode": "add", "kinds": kinds, "place": _place(asked)}
    if here is None:
        sections = [
            (
                s,
                fields.rows(
                    shown_head(desk.document), s.fields, problems.at_step(located, ""), typed
                ),
            )
            for s in head(known)
        ]
        loose = fields.loose(problems.at_step(located, ""), head_fields(known))
        return {"mode": "head", "sections": sections, "loose": loose}
    own = step_fields(here.step, known, desk.document)
    found = problems.at_step(located, here.id)
    return {
        "mode": "step",
        "step": here,
        "label": KIND_LABELS.get(here.kind, here.kind),
        "title": wording.title(here.step, known.names, known.stage_names),
        "rows": fields.rows(here.step, own, found, typed),
        "loose": fields.loose(found, own),
    }


def nodes(desk: Desk, known: Known, located: list[Any], here: str) -> list[Node]:
    """The steps as cards, those of branches inside the card that holds them."""
    waiting = _waiting(desk)
    wrong = problems.by_step(located)
    made: dict[str, Node] = {}
    top: list[Node] = []
    for number, found in enumerate(steps.walk(desk.document), 1):
        node = Node(
            id=found.id,
            kind=found.kind,
            label=KIND_LABELS.get(found.kind, found.kind),
            icon=ICONS.get(found.kind, "gear"),
            title=wording.title(found.step, known.names, known.stage_names),
            notes=wording.notes(found.step, known.stage_names),
            number=number,
            problems=wrong.get(found.id, 0),
            waiting=waiting.get(found.id, 0),
            is_here=found.id == here,
            place=found.place,
            siblings=found.siblings,
            branches=[
                Branch(found.id, name, _branch_label(found, name))
                for name, _below in steps.branches_of(found.step)
            ],
        )
        made[found.id] = node
        _list_of(node, made, top).append(node)
    return top


def _branch_label(found: steps.Found, name: str) -> Text:
    if found.kind != "split":
        return BRANCH_LABELS[(found.kind, name)]
    way = found.step["split"][int(name.removeprefix("split."))]
    return f"{way.get('weight', '?')}%"


def _list_of(node: Node, made: dict[str, Node], top: list[Node]) -> list[Node]:
    if not node.place.parent:
        return top
    branches = made[node.place.parent].branches
    return next(b.nodes for b in branches if b.name == node.place.branch)


def _waiting(desk: Desk) -> dict[str, int]:
    """How many stand at each step now, in all versions of the journey."""
    rows = Enrollment.objects.filter(journey=desk.noun, status=Enrollment.Status.IN)
    return dict(rows.values_list("step_id").annotate(n=Count("pk")).order_by())


def strip(document: fields.Document, known: Known) -> list[tuple[Text, str]]:
    """What the journey is for, in eight words at most each (the head's summary)."""
    by_name = {f.name: f for f in head_fields(known)}
    names = ("aim.satisfaction", "aim.efficiency", "aim.kpi", "goal", "holdout", "aim.owner",
             "aim.review_by")  # fmt: skip
    shown = {n: difference.said(by_name[n], fields.get(document, n)) for n in names}
    shown["goal"] = words.condition(document.get("goal"), known.stage_names)
    shown["holdout"] += "%"
    return [(by_name[n].label, text) for n, text in shown.items()]


def _entrance(document: fields.Document, known: Known) -> str:
    """Who comes in, on one line."""
    entry = document.get("entry")
    if not isinstance(entry, dict):
        return ""
    if set(entry) == {"when"}:
        return words.condition(entry["when"], known.stage_names)
    if "stage" not in entry:
        return wording.entrance(entry)
    return str(dict(known.stages).get(str(entry.get("stage")), entry.get("stage") or "—"))


def _changes(desk: Desk, known: Known) -> list[difference.Change]:
    published = desk.draft.published
    if published is None:
        return []
    return difference.of_journeys(published.document, desk.document, known)


def _conflict(desk: Desk, typed: Any, known: Known, here: Any) -> dict[str, Any]:
    """Who was faster, and what saving once more would change in what they saved."""
    if here is not None:
        own = step_fields(here.step, known, desk.document)
        mine = read_step(here.step, own, typed)
        changes = difference.of_fields(here.step, mine, own)
    else:
        own = head_fields(known)
        mine = read_head(desk.document, own, typed)
        changes = difference.of_fields(shown_head(desk.document), shown_head(mine), own)
    return {"who": who_saved(desk.draft), "changes": changes}


# --- saving -----------------------------------------------------------------------------------------
def save_head(desk: Desk) -> HttpResponse:
    """Keep the head as it was typed, right or wrong."""
    new = read_head(desk.document, head_fields(Known.now()), desk.request.POST)
    try:
        desk.keep(new)
    except Overtaken as overtaken:
        return _page(desk, {}, desk.request.POST, overtaken)
    desk.say(_("The draft is saved."))
    return desk.go()


def save_step(desk: Desk) -> HttpResponse:
    """Keep one step as it was typed, right or wrong."""
    step_id = desk.named["step_id"]
    here = steps.find(desk.document, step_id)
    if here is None or here.kind not in steps.KINDS:
        raise Http404  # a step of another kind is kept as it is written
    step = read_step(
        here.step, step_fields(here.step, Known.now(), desk.document), desk.request.POST
    )
    try:
        desk.keep(steps.replace(desk.document, step_id, step))
    except Overtaken as overtaken:
        return _page(desk, {"step": step_id}, desk.request.POST, overtaken)
    desk.say(_("The draft is saved."))
    return desk.go(to=f"?step={step_id}#inspector")


def add_step(desk: Desk) -> HttpResponse:
    """Put a new step in its place and open its form. Its kind stays what it is from here on."""
    kind = desk.request.POST.get("kind", "")
    if kind not in steps.KINDS:
        raise Http404
    used = drafts.used_step_ids(desk.noun) | steps.ids(desk.document)
    step = blank(kind, steps.new_id(kind, used))
    try:
        desk.keep(steps.put_in(desk.document, step, _place(desk.request.POST)))
    except KeyError:
        raise Http404 from None
    except Overtaken as overtaken:
        return desk.not_done(overtaken)
    return desk.go(to=f"?step={step['id']}#inspector")


def _place(asked: Any) -> steps.Place:
    index = asked.get("index", "")
    return steps.Place(
        parent=asked.get("parent", ""),
        branch=asked.get("branch", ""),
        index=int(index) if index.isdecimal() and len(index) < 6 else 0,
    )


def move_step(desk: Desk) -> HttpResponse:
    """One place up or down among its neighbours."""
    step_id = desk.named["step_id"]
    by = -1 if desk.request.POST.get("to") == "up" else 1
    try:
        desk.keep(steps.move(desk.document, step_id, by))
    except KeyError:
        raise Http404 from None
    except Overtaken as overtaken:
        return desk.not_done(overtaken)
    return desk.go(to=f"?step={step_id}#step-{step_id}")


def ask_remove(desk: Desk) -> HttpResponse:
    """The question before a step is taken out; answered by POST."""
    step_id = desk.named["step_id"]
    found = steps.find(desk.document, step_id)
    if found is None:
        raise Http404
    if desk.request.method == "POST":
        return _remove(desk, step_id)
    known = Known.now()
    return desk.page(
        "remove.html",
        step=found,
        label=KIND_LABELS.get(found.kind, found.kind),
        step_title=wording.title(found.step, known.names, known.stage_names),
        inside=len(list(steps.walk({"steps": [found.step]}))) - 1,
        waiting=_waiting(desk).get(step_id, 0),
    )


def _remove(desk: Desk, step_id: str) -> HttpResponse:
    try:
        desk.keep(steps.take_out(desk.document, step_id))
    except Overtaken as overtaken:
        return desk.not_done(overtaken)
    desk.say(_("The step is out of the draft. What is published stays as it is."))
    return desk.go()
