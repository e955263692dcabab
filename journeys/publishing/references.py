"""What a journey's steps name must exist: texts, plays, webhooks, courses (reliability 4.3).

The rooms that keep these nouns stand above; at start-up they say which of some keys they know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from journeys.models import Persona, Template, VersionStatus
from journeys.publishing.kinds import MESSAGES
from journeys.publishing.refusals import Problem

#: Kind of step → which of these keys can be used. Filled at start-up by whoever keeps them.
KNOWN: dict[str, Callable[[Collection[str]], Collection[str]]] = {}
MISSING: dict[str, Any] = {
    "task": gettext_lazy("there is no play “%s”"),
    "webhook": gettext_lazy("there is no webhook “%s”"),
    "assign": gettext_lazy("there is no published course “%s”"),
}


def reference_problems(program: dict[str, Any], places: Mapping[str, str]) -> list[Problem]:
    """What the steps name and nobody has; a fixed number of SELECTs."""
    named: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for op in reversed(program["ops"]):
        if op.get("value"):
            named[op["op"]].append(op)
    found = _texts([op for kind in MESSAGES for op in named[kind]], places)
    found += _personas(program["ops"], places)
    for kind, known in KNOWN.items():
        keys = {op["value"] for op in named[kind]}
        missing = keys - set(known(keys)) if keys else set()
        found += [
            _problem(op, places, str(MISSING[kind]) % op["value"])
            for op in named[kind]
            if op["value"] in missing
        ]
    return found


def _problem(op: dict[str, Any], places: Mapping[str, str], message: str) -> Problem:
    return Problem(f"{places[op['id']]}.{op['op']}", message, missing=op["value"])


def _texts(ops: list[dict[str, Any]], places: Mapping[str, str]) -> list[Problem]:
    """Steps must name published texts of their own channel."""
    wanted = {op["value"] for op in ops}
    rows = Template.objects.filter(key__in=wanted, versions__status=VersionStatus.PUBLISHED)
    known = dict(rows.values_list("key", "channel"))
    message = _("there is no published %(channel)s template “%(key)s”")
    return [
        _problem(op, places, message % {"channel": op["op"], "key": op["value"]})
        for op in ops
        if known.get(op["value"]) != op["op"]
    ]


def _personas(ops: list[dict[str, Any]], places: Mapping[str, str]) -> list[Problem]:
    wanted = {op["persona"] for op in ops if op.get("persona")}
    known = set(Persona.objects.filter(key__in=wanted).values_list("key", flat=True))
    message = _("there is no persona “%s”")
    return [
        Problem(f"{places[op['id']]}.persona", message % op["persona"], missing=op["persona"])
        for op in reversed(ops)
        if op.get("persona") and op["persona"] not in known
    ]
