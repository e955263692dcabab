"""The people (or accounts) a journey could take, each with the contract it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from journeys.conditions import Subject
from journeys.models import (
    Account,
    Contact,
    Enrollment,
    JourneyVersion,
    Membership,
    Subscription,
)

#: How conditions find their way from a candidate: its account, itself, its contract.
CONTACT_CANDIDATE = Subject(
    kind="contact", account="account_id", contact="pk", subscription="sub_id"
)
ACCOUNT_CANDIDATE = Subject(kind="account", account="pk", contact=None, subscription="sub_id")
CONTACT_ALONE = Subject(kind="contact", account="account_id", contact="pk", subscription=None)
ACCOUNT_ALONE = Subject(kind="account", account="pk", contact=None, subscription=None)


def holds_at(now: datetime, **which: Any) -> Q:
    """A membership that stands at `now`."""
    return Q(from_at__lte=now, **which) & (Q(to_at=None) | Q(to_at__gt=now))


def candidates(version: JourneyVersion, now: datetime) -> tuple[QuerySet[Any], Subject]:
    """Everybody of the journey's kind, in its product and role, and how to ask about them."""
    program, product_id = version.program, version.journey.product_id
    of_contacts = program["subject"] == "contact"
    rows: QuerySet[Any] = Contact.objects.all() if of_contacts else Account.objects.all()
    if of_contacts:
        standing = Membership.objects.filter(
            holds_at(now, contact=OuterRef("pk"), account=OuterRef("account_id")),
            role=program["to"],
        )
        rows = rows.filter(Exists(standing), is_current=True)
    if product_id is None:
        return rows, CONTACT_ALONE if of_contacts else ACCOUNT_ALONE
    live = Subscription.objects.filter(
        account=OuterRef("account_id" if of_contacts else "pk"),
        product=product_id,
        ended_at=None,
        stage__isnull=False,
    )
    rows = rows.annotate(sub_id=Subquery(live.values("pk")[:1])).filter(sub_id__isnull=False)
    return rows, CONTACT_CANDIDATE if of_contacts else ACCOUNT_CANDIDATE


def enrollments_of(rows: QuerySet[Any], version: JourneyVersion) -> QuerySet[Enrollment]:
    """The enrollments of each candidate in this journey, to be put into Exists."""
    mine: dict[str, Any] = {"journey": version.journey_id}
    if rows.model is Contact:
        mine["contact"] = OuterRef("pk")
    else:
        mine |= {"account": OuterRef("pk"), "contact": None}
    if "sub_id" in rows.query.annotations:
        mine["subscription"] = OuterRef("sub_id")
    return Enrollment.objects.filter(**mine)


def picked(rows: QuerySet[Any]) -> Sequence[dict[str, Any]]:
    """What an enrollment needs of its candidate, as plain values."""
    has_sub = "sub_id" in rows.query.annotations
    names: dict[str, Any] = {"subject_uid": F("uid")}
    if rows.model is Contact:
        names |= {"contact_pk": F("pk"), "account_pk": F("account_id"), "user": F("user_id"),
                  "account_key": F("account__external_id")}  # fmt: skip
    else:
        names |= {"account_pk": F("pk"), "account_key": F("external_id")}
    if has_sub:
        uid = Subscription.objects.filter(pk=OuterRef("sub_id")).values("uid")
        names |= {"sub_pk": F("sub_id"), "sub_uid": Subquery(uid)}
    return list(rows.order_by("pk").values(**names))
