"""The one condition language: a closed, typed tree that compiles to two predicates.

    tree = parse({"event": {"name": "invoice.created", "count": {"gte": 3}, "within": "14d"}})
    met = Account.objects.filter(compile(tree, True, ask, ACCOUNT))
    why = explain(tree, [account.pk], ask, ACCOUNT)[account.pk].sentence

The same predicates answer a million customers and one, the tick, the command and the checklist.
What the language says is in docs/conditions.md.
"""

from __future__ import annotations

from journeys.conditions.asking import (
    ACCOUNT,
    CONTACT,
    ENROLLMENT,
    KINDS,
    SUBSCRIPTION,
    Ask,
    Subject,
)
from journeys.conditions.catalogue import unseen
from journeys.conditions.checking import check
from journeys.conditions.choices import choices, offered
from journeys.conditions.compiling import compile
from journeys.conditions.errors import ConditionError
from journeys.conditions.evaluating import (
    ASKED,
    Evaluation,
    by_key,
    evaluate,
    everybody,
    subject_of,
)
from journeys.conditions.explaining import Explained, explain
from journeys.conditions.moments import since
from journeys.conditions.prepared import asked, matching
from journeys.conditions.reading import dump, hash_of, parse, parse_yaml
from journeys.conditions.segments import segments_given, segments_in
from journeys.conditions.tree import Node, Verdict

__all__ = [
    "ACCOUNT",
    "ASKED",
    "CONTACT",
    "ENROLLMENT",
    "KINDS",
    "SUBSCRIPTION",
    "Ask",
    "ConditionError",
    "Evaluation",
    "Explained",
    "Node",
    "Subject",
    "Verdict",
    "asked",
    "by_key",
    "check",
    "choices",
    "compile",
    "dump",
    "evaluate",
    "everybody",
    "explain",
    "hash_of",
    "matching",
    "offered",
    "parse",
    "parse_yaml",
    "segments_given",
    "segments_in",
    "since",
    "subject_of",
    "unseen",
]
