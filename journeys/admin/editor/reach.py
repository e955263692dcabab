"""Whom a condition meets now, asked with the engine's own predicates; reading only (O2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from journeys import conditions
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, SUBSCRIPTION, Ask, Subject
from journeys.enrollments.subjects import candidates
from journeys.models import Account, Contact, Enrollment, Journey, JourneyVersion, Subscription

SAMPLES = 5


@dataclass(frozen=True)
class Reach:
    """How many meet it, of how many, who for example, and how one of them is judged."""

    of: int
    met: int
    unknown: int
    asked: str  # whom it was asked of, in words
    names: list[str] = field(default_factory=list)
    example: str = ""
    explained: Any = None


def of_condition(
    rows: QuerySet[Any], tree: Any, kind: str, ask: Ask, subject: Subject, asked: str
) -> Reach:
    """Ask a condition of rows: three counts, one look at a few. ConditionError as parse."""
    node = conditions.parse(tree, subject=kind)
    met = conditions.compile(node, True, ask, subject)
    unmet = conditions.compile(node, False, ask, subject)
    of, yes, no = rows.count(), rows.filter(met).count(), rows.filter(unmet).count()
    few = list(rows.filter(met).order_by("pk")[:SAMPLES])
    one = few[0] if few else rows.order_by("pk").first()
    return Reach(
        of=of,
        met=yes,
        unknown=of - yes - no,
        asked=asked,
        names=[name_of(row) for row in few],
        example=name_of(one) if one else "",
        explained=_explained(one, tree, kind, ask, subject) if one else None,
    )


def _explained(one: Any, tree: Any, kind: str, ask: Ask, subject: Subject) -> Any:
    """How one row is judged, leaf by leaf; None where that cannot be said of it alone."""
    pk = one.pk
    if subject.subscription == "sub_id":
        # A person together with the contract it is about is no row of its own: ask the contract.
        kind, subject, pk = "subscription", SUBSCRIPTION, one.sub_id
    try:
        node = conditions.parse(tree, subject=kind)
        return conditions.explain(node, [pk], ask, subject).get(pk)
    except conditions.ConditionError:
        return None


def name_of(row: Any) -> str:
    """A row as a reader knows it: person and company."""
    match row:
        case Contact():
            return f"{row}（{row.account}）" if row.account_id else str(row)
        case Enrollment():
            account = str(row.account)
            return f"{row.contact}（{account}）" if row.contact_id else account
        case Subscription():
            return str(row.account)
        case _:
            return str(row)


# --- journeys ---------------------------------------------------------------------------------------
def unsaved(journey: Journey, document: dict[str, Any], product_id: int | None) -> JourneyVersion:
    """The draft as a version that was never saved: just enough to ask whom it could take."""
    to = document.get("to")
    program = {
        "subject": "account" if document.get("subject") == "account" else "contact",
        "to": str(to.get("role") or "") if isinstance(to, dict) else "",
        "reentry": _reentry(document.get("reentry")),
        "enroll": str(document.get("enroll") or "new"),
    }
    asked = Journey(pk=journey.pk, key=journey.key, product_id=product_id)
    return JourneyVersion(journey=asked, program=program)


def _reentry(said: Any) -> str:
    if isinstance(said, dict):
        return str(said.get("after") or "never")
    return said if said in ("never", "always") else "never"


def in_journey(version: JourneyVersion, tree: Any, name: str, now: datetime) -> Reach:
    """A journey's condition: the entrance is asked of whom it could take, the rest of who is in it.

    While nobody is in it, the rest is asked of whom it could take, too.
    """
    ask = Ask(now=now, days=days_at(now))
    inside = Enrollment.objects.filter(journey=version.journey_id, status=Enrollment.Status.IN)
    if not name.startswith("entry") and inside.exists():
        rows = inside.select_related("contact", "account")
        return of_condition(rows, tree, "enrollment", ask, ENROLLMENT, _("in the journey now"))
    found, subject = candidates(version, now)
    if found.model is Contact:
        found = found.select_related("account")
    asked = _("it could take") if found.model in (Contact, Account) else ""
    return of_condition(found, tree, "enrollment", ask, subject, asked)


# --- lifecycles -------------------------------------------------------------------------------------
def in_stage(product_key: str, stage_key: str) -> QuerySet[Subscription]:
    """The live contracts that stand in a stage, whatever version of the route they are on."""
    return Subscription.objects.filter(
        product__key=product_key, stage__key=stage_key, ended_at=None
    ).select_related("account")


def of_product(product_key: str) -> QuerySet[Subscription]:
    """All live contracts of a product."""
    return Subscription.objects.filter(product__key=product_key, ended_at=None).select_related(
        "account"
    )


def in_lifecycle(product_key: str, tree: Any, now: datetime) -> Reach:
    """An exit criterion, asked of every live contract of the product."""
    ask = Ask(now=now, days=days_at(now))
    rows = of_product(product_key)
    return of_condition(rows, tree, "subscription", ask, SUBSCRIPTION, _("contracts"))


@dataclass(frozen=True)
class StageReach:
    """How many of a stage's customers meet its exit, and which criterion holds most of them back."""

    of: int
    met: int
    cause: str = ""
    missing: int = 0


def of_stage(product_key: str, stage: dict[str, Any], now: datetime) -> StageReach | None:
    """“2 of 7 meet this; mainly missing: approval route, 5” by one statement; None if unreadable."""
    exit_ = stage.get("exit")
    criteria = exit_.get("criteria") if isinstance(exit_, dict) else None
    required = [c for c in criteria or () if isinstance(c, dict) and c.get("required", True)]
    ask = Ask(now=now, days=days_at(now))
    try:
        wanted = _exit_tree(exit_ or {}, required)
        counts = {f"c{n}": _count(c.get("when"), ask) for n, c in enumerate(required)}
        counted = in_stage(product_key, str(stage.get("key", ""))).aggregate(
            of=Count("pk"), met=_count(wanted, ask), **counts
        )
    except (conditions.ConditionError, ValueError, TypeError):
        return None
    lacking = [(counted["of"] - counted[f"c{n}"], str(c.get("label", "")))
               for n, c in enumerate(required)]  # fmt: skip
    missing, cause = max(lacking, key=lambda pair: pair[0], default=(0, ""))
    return StageReach(counted["of"], counted["met"], cause if missing else "", missing)


def _exit_tree(exit_: dict[str, Any], required: list[dict[str, Any]]) -> Any:
    trees = [c.get("when") for c in required]
    if len(trees) == 1:
        return trees[0]
    at_least = exit_.get("at_least", "all")
    return {"all": trees} if at_least == "all" else {"at_least": {"n": at_least, "of": trees}}


def _count(tree: Any, ask: Ask) -> Count:
    # Each criterion was measured by itself; together they may be larger than one author's tree.
    node = conditions.parse(tree, subject="subscription", whole=False)
    met: Q = conditions.compile(node, True, ask, SUBSCRIPTION)
    return Count("pk", filter=met)
