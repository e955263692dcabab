"""Asking everybody: who meets a tree, of whom it is unknown, by the keys outsiders use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from journeys.conditions.asking import Ask, Subject, one_of_kind
from journeys.conditions.compiling import compile
from journeys.conditions.tree import Node

#: Kinds that have a key of their own outside the house.
ASKED = ("account", "contact", "subscription")


@dataclass(frozen=True)
class Evaluation:
    """Sorted keys: an account's external id, a contact's user id, `account/product`.

    `of` is how many were asked.
    """

    matches: list[str]
    unknown: list[str]
    of: int


def evaluate(node: Node, ask: Ask, kind: str) -> Evaluation:
    """Put the question to every subject of a kind, by one SELECT. ConditionError if it cannot be."""
    subject = one_of_kind(kind)
    verdict = Case(
        When(compile(node, True, ask, subject), then=1),
        When(compile(node, False, ask, subject), then=0),
        output_field=IntegerField(),
    )
    answers = dict(everybody(kind, ask).values_list("key", verdict))
    return Evaluation(
        matches=sorted(key for key, answer in answers.items() if answer == 1),
        unknown=sorted(key for key, answer in answers.items() if answer is None),
        of=len(answers),
    )


def everybody(kind: str, ask: Ask) -> QuerySet[Any]:
    """Who is asked, annotated with `key`.

    Contacts that are current and belong to an account; subscriptions that had not ended.
    """
    rows: QuerySet[Any] = one_of_kind(kind).every().order_by("-pk")
    named: Any = F("external_id")
    if kind == "contact":
        rows, named = rows.filter(is_current=True, account__isnull=False), F("user_id")
    if kind == "subscription":
        rows = rows.filter(Q(ended_at=None) | Q(ended_at__gt=ask.now))
        named = Concat("account__external_id", Value("/"), "product__key")
    keyed: QuerySet[Any] = rows.annotate(key=named)
    return keyed


def by_key(key: str, kind: str, ask: Ask) -> int | None:
    """The id behind a key; None when nobody is asked under it."""
    ids = everybody(kind, ask).filter(key=key).values_list("pk", flat=True)
    return ids.last()


def subject_of(kind: str) -> Subject:
    """The subject `everybody` gives rows of."""
    return one_of_kind(kind)
