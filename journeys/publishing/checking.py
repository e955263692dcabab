"""What keeps a journey from being published (R24, reliability 4.3); each mistake names its step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from journeys.models import JourneyVersion
from journeys.publishing.entries import read_entry
from journeys.publishing.program import read_steps
from journeys.publishing.references import reference_problems
from journeys.publishing.refusals import Problem, read_shape
from journeys.publishing.shapes import JourneyDoc
from journeys.publishing.versions import condition_problems
from journeys.publishing.ways import turns_without_end, way_problems

AIM_NEEDED = ("satisfaction", "efficiency", "kpi")
Program = dict[str, Any]
Places = Mapping[str, str]


def check_journey(document: dict[str, Any], prefix: str = "") -> list[Problem]:
    """Everything that is wrong with a journey's document; empty when it may be published."""
    doc, problems = read_shape(JourneyDoc, document, prefix)
    if doc is None:
        return problems
    dot = f"{prefix}." if prefix else ""
    problems += _aim_problems(doc, dot)
    problems += read_entry(doc.entry, f"{dot}entry")[1]
    for name in ("goal", "exit_when"):
        if raw := getattr(doc, name):
            problems += condition_problems(raw, f"{dot}{name}", "enrollment")
    program, found, places = read_steps(doc.steps, f"{dot}steps")
    problems += found
    if not found:
        problems += way_problems(program, places) + _turning(doc, program, places)
    problems += _roles_problems(doc, program, places)
    problems += identity_problems(doc.key, program, places)
    problems += trait_problems(doc.key, doc.subject, program, places)
    return problems + reference_problems(program, places)


def _aim_problems(doc: JourneyDoc, dot: str) -> list[Problem]:
    """R24: no publishing without knowing what it is for and how that is measured."""
    return [
        Problem(f"{dot}aim.{name}", _("write what this journey is for before publishing it"))
        for name in AIM_NEEDED
        if not getattr(doc.aim, name).strip()
    ]


def _turning(doc: JourneyDoc, program: Program, places: Places) -> list[Problem]:
    """Coming in again at once, while still matching, and nothing that waits on the way."""
    level = "stage" in doc.entry or set(doc.entry) == {"when"}
    if doc.reentry != "always" or not level or not (step := turns_without_end(program)):
        return []
    message = _(
        "from “%s” on nothing waits, and whoever still matches comes in again at once:"
        " put in a wait, or write reentry: {after: …}"
    )
    return [Problem(places[step], message % step)]


def _roles_problems(doc: JourneyDoc, program: Program, places: Places) -> list[Problem]:
    """Only a journey of accounts chooses its readers at the step."""
    if doc.subject == "account":
        return []
    message = _("a journey of contacts speaks to the contact; `to` is for subject: account")
    return [
        Problem(f"{places[op['id']]}.to", message) for op in reversed(program["ops"]) if "to" in op
    ]


def identity_problems(key: str, program: Program, places: Places) -> list[Problem]:
    """A step's id never changes its kind and is never given to another step."""
    rows = JourneyVersion.objects.filter(journey__key=key).order_by("number")
    past = [{op["id"]: op for op in old["ops"]} for old in rows.values_list("program", flat=True)]
    last = past[-1] if past else {}
    return [
        Problem(places[op["id"]] + ".id", why)
        for op in reversed(program["ops"])
        if (why := _taken(op, past, last))
    ]


def _taken(op: dict[str, Any], past: list[dict[str, Any]], last: dict[str, Any]) -> str:
    before = [ops[op["id"]] for ops in past if op["id"] in ops]
    for old in before:
        if old["op"] != op["op"]:
            message = _("the id “%(id)s” belongs to a step of the kind “%(kind)s”: choose a new id")
            return str(message % {"id": op["id"], "kind": old["op"]})
    if before and op["id"] not in last and before[-1].get("value") != op.get("value"):
        message = _("the id “%s” belonged to a step that was taken out: choose a new id")
        return str(message % op["id"])
    return ""


def trait_problems(key: str, subject: str, program: Program, places: Places) -> list[Problem]:
    """A trait that a journey sets is its own: no other journey may set it."""
    sets = [op for op in reversed(program["ops"]) if op["op"] == "set" and op.get("value")]
    if not sets:
        return []
    owners: dict[str, str] = {}
    rows = JourneyVersion.objects.exclude(journey__key=key).filter(program__has_key="traits")
    for other, of, traits in rows.values_list(
        "journey__key", "program__subject", "program__traits"
    ):
        if of == subject:
            owners |= dict.fromkeys(traits, other)
    message = _("the trait “%(trait)s” belongs to the journey “%(journey)s”")
    return [
        Problem(f"{places[op['id']]}.set", message % {"trait": name, "journey": owners[name]})
        for op in sets
        for name in op["value"]
        if name in owners
    ]
