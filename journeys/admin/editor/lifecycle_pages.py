"""The pages of the route's editor: stages on a line, one form at a time, and what they save."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from journeys import clock
from journeys.admin.editor import difference, fields, parts, reach
from journeys.admin.editor import lifecycle_problems as problems
from journeys.admin.editor.desk import Desk, who_saved
from journeys.admin.editor.drafts import Document, Overtaken
from journeys.admin.editor.lifecycle_fields import (
    KnownHere,
    criterion_fields,
    head_fields,
    read_part,
    said_key,
    stage_fields,
    stage_sections,
)
from journeys.admin.editor.new import IS_KEY, KEY
from journeys.models import Subscription


# --- reading ----------------------------------------------------------------------------------------
def show(desk: Desk) -> HttpResponse:
    """The editor. `?stage=KEY` opens a stage, `&criterion=KEY` one of its criteria."""
    return page(desk, desk.request.GET)


def page(
    desk: Desk,
    asked: Any,
    typed: Any = None,
    overtaken: Overtaken | None = None,
    refusal: str = "",
) -> HttpResponse:
    """The editor's page; `typed` stands in the form instead of what is saved."""
    if overtaken is not None:
        desk = Desk(desk.admin, desk.request, overtaken.draft, desk.named)
    known, found = KnownHere.now(), problems.of_lifecycle(desk.document)
    stage_key, criterion_key = asked.get("stage", ""), asked.get("criterion", "")
    inspector = _inspector(desk, known, found, (stage_key, criterion_key), typed)
    context = {
        "stages": _cards(desk, found, stage_key),
        "problems": found,
        "head_problems": len(problems.at(found)),
        "inspector": inspector,
        "adding": asked.get("add", ""),
        "typed": typed or {},
        "refusal": refusal,
        "conflict": _conflict(desk, known, inspector, typed) if overtaken else None,
    }
    return desk.page("lifecycle.html", status=409 if overtaken or refusal else 200, **context)


def _inspector(
    desk: Desk, known: KnownHere, found: Any, where: tuple[str, str], typed: Any
) -> dict[str, Any]:
    stage = parts.find(desk.document, where[0]) if where[0] else None
    criterion = parts.find(desk.document, *where) if stage and where[1] else None
    if criterion:
        return _form("criterion", criterion[1], criterion_fields(known), problems.at(found, *where), typed) | {"stage": stage and stage[1]}  # fmt: skip
    if stage:
        own = problems.at(found, where[0])
        sections = [(s, fields.rows(stage[1], s.fields, own, typed)) for s in stage_sections(known)]
        return _form("stage", stage[1], stage_fields(known), own, typed) | {
            "sections": sections,
            "criteria": _criteria(stage[1], found),
        }
    return _form("head", desk.document, head_fields(known), problems.at(found), typed)


def _form(mode: str, part: Document, own: Any, found: Any, typed: Any) -> dict[str, Any]:
    return {
        "mode": mode,
        "part": part,
        "rows": fields.rows(part, own, found, typed),
        "loose": fields.loose(found, own),
    }


def _criteria(stage: Document, found: Any) -> list[dict[str, Any]]:
    rows = parts.criteria(stage)
    return [
        {
            "part": part,
            "is_first": n == 0,
            "is_last": n == len(rows) - 1,
            "problems": len(problems.at(found, str(stage.get("key")), str(part.get("key")))),
        }
        for n, part in enumerate(rows)
    ]


def _cards(desk: Desk, found: Any, here: str) -> list[dict[str, Any]]:
    """The stages as cards: how many stand there, how many meet the exit, what holds most back."""
    product, now = str(desk.document.get("product", "")), clock.now()
    rows = parts.stages(desk.document)
    standing = dict(
        reach.of_product(product).order_by().values_list("stage__key").annotate(n=Count("pk"))
    )
    return [
        {
            "part": stage,
            "number": n + 1,
            "is_here": stage.get("key") == here,
            "is_first": n == 0,
            "is_last": n == len(rows) - 1,
            "problems": sum(one.stage == stage.get("key") for one in found),
            "standing": standing.get(stage.get("key"), 0),
            "reach": reach.of_stage(product, stage, now) if parts.criteria(stage) else None,
        }
        for n, stage in enumerate(rows)
    ]


def _conflict(desk: Desk, known: KnownHere, inspector: Any, typed: Any) -> dict[str, Any]:
    makers: dict[str, Callable[[KnownHere], list[fields.Field]]] = {
        "head": head_fields, "stage": stage_fields, "criterion": criterion_fields,
    }  # fmt: skip
    own = makers[inspector["mode"]](known)
    mine = read_part(inspector["part"], own, typed)
    return {
        "who": who_saved(desk.draft),
        "changes": difference.of_fields(inspector["part"], mine, own),
    }


# --- saving -----------------------------------------------------------------------------------------
def _kept(
    desk: Desk, new: Document, where: dict[str, str], to: str, *, typed: bool = False
) -> HttpResponse:
    try:
        desk.keep(new)
    except Overtaken as overtaken:
        if typed:
            return page(desk, where, desk.request.POST, overtaken)
        return desk.not_done(overtaken)
    desk.say(_("The draft is saved."))
    return desk.go(to=to)


def save_head(desk: Desk) -> HttpResponse:
    """Keep the route's own fields as typed, right or wrong."""
    new = read_part(desk.document, head_fields(KnownHere.now()), desk.request.POST)
    return _kept(desk, new, {}, "", typed=True)


def save_part(desk: Desk) -> HttpResponse:
    """Keep a stage or a criterion as typed, right or wrong."""
    where = _where(desk)
    found = parts.find(desk.document, *where)
    if found is None:
        raise Http404
    own = (criterion_fields if where[1] else stage_fields)(KnownHere.now())
    part = read_part(found[1], own, desk.request.POST)
    new = parts.replace(desk.document, part, *where)
    asked = {"stage": where[0], "criterion": where[1]}
    return _kept(desk, new, asked, _query(*where), typed=True)


def _where(desk: Desk) -> tuple[str, str]:
    return desk.named["stage"], desk.named.get("criterion", "")


def _query(stage: str, criterion: str = "") -> str:
    return f"?stage={stage}" + (f"&criterion={criterion}" if criterion else "") + "#inspector"


def add_part(desk: Desk) -> HttpResponse:
    """A new stage (or criterion of a stage) with the key its author gives it; the key stays."""
    data = desk.request.POST
    stage = desk.named.get("stage", "")
    key, label = said_key(data), data.get("label", "").strip()
    rows = parts.criteria((parts.find(desk.document, stage) or (0, {}))[1]) if stage else parts.stages(desk.document)  # fmt: skip
    asked = {"stage": stage, "add": "criterion" if stage else "stage"}
    if not IS_KEY.fullmatch(key):
        return page(desk, asked, data, refusal=str(KEY.message))
    if any(part.get("key") == key for part in rows):
        return page(desk, asked, data, refusal=_("This key is taken already."))
    part = {"key": key, "label": label, "when": {}} if stage else {"key": key, "name": label or key}
    try:
        # A new stage comes before the last one, which is the end of the route.
        index = None if stage else max(0, len(rows) - 1) if len(rows) > 1 else len(rows)
        new = parts.put_in(desk.document, part, stage, index)
    except KeyError:
        raise Http404 from None
    return _kept(desk, new, asked, _query(stage, key) if stage else _query(key))


def move_part(desk: Desk) -> HttpResponse:
    """One place up or down."""
    by = -1 if desk.request.POST.get("to") == "up" else 1
    where = _where(desk)
    try:
        new = parts.move(desk.document, by, *where)
    except KeyError:
        raise Http404 from None
    return _kept(desk, new, {}, _query(where[0]))


def ask_remove(desk: Desk) -> HttpResponse:
    """Ask, then take a stage or criterion out. A stage in use is refused, with how many (4.3.41)."""
    where = _where(desk)
    found = parts.find(desk.document, *where)
    if found is None:
        raise Http404
    used = 0 if where[1] else in_use(desk, where[0])
    if desk.request.method == "POST" and not used:
        new = parts.take_out(desk.document, *where)
        return _kept(desk, new, {}, _query(where[0]) if where[1] else "")
    name = found[1].get("label") or found[1].get("name") or where[1] or where[0]
    status = 409 if desk.request.method == "POST" else 200
    return desk.page("remove_part.html", status=status, name=name, used=used, query=_query(*where))


def in_use(desk: Desk, stage_key: str) -> int:
    """How many live contracts stand in a stage of this route, in any version."""
    return Subscription.objects.filter(
        version__lifecycle=desk.noun, stage__key=stage_key, ended_at=None
    ).count()
