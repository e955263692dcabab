"""Two contacts turn out to be one, or one goes to another customer (architecture 5).

What belongs to the contact that is given up is pointed at the one that stays; rooms above that
have rows of their own with a rule about one row a contact register in `before_merge`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from journeys import db, ledger, people, permission
from journeys.enrollments.leaving import NOT_YET_OUT, NUDGE_OPEN, withdraw_messages
from journeys.models import (
    Account,
    Alias,
    Consent,
    Contact,
    Decision,
    Enrollment,
    Event,
    Membership,
    Message,
    Suppression,
    TraitChange,
)
from journeys.people import Call, Kind
from journeys.people.names import MERGED_USER

Hook = Callable[[Contact, Contact, datetime], object]

#: Called with (winner, loser, now) inside the merge's transaction, before rows are pointed anew.
before_merge: list[Hook] = []

Status = Enrollment.Status
Reason = Decision.Reason
BOUNCED = "hard_bounce"  # says something about the mailbox, not about what its owner wants


class NotMergeable(ValueError):
    """These two cannot become one; the message says why, for whoever asked."""


@dataclass(frozen=True)
class Preview:
    """What a merge would do, in numbers."""

    facts: int
    goes_on: int  # runs of the loser that the winner takes over
    ends: int  # runs that end because the other one is further
    withdrawn: int  # messages not handed over yet that end with those runs
    stops: int  # topics stopped by either


# --- merging --------------------------------------------------------------------------------------
def merge(winner: Contact, loser: Contact, now: datetime) -> None:
    """Make `loser` one with `winner` (the same human in the same account) from `now` on.

    Facts, progress, runs, messages and aliases are the winner's; traits only the loser had too;
    the stricter consent wins; of two live runs in one journey the further one stays. The loser's
    user id means the winner from now on. NotMergeable when they are not of one account.
    """
    with transaction.atomic():
        people.lock(
            [Call(Kind.FACT, now, one.user_id, one_account(one)) for one in (winner, loser)]
        )
        permission.lock({winner.person_id, loser.person_id})
        refuse_unlike(winner, loser)
        for hook in before_merge:
            hook(winner, loser, now)
        _merge_runs(winner, loser, now)
        _merge_traits(winner, loser, now)
        _merge_stays(winner, loser, now)
        _hand_over(winner, loser)
        _merge_persons(winner, loser, now)
        _answer_to_both_names(winner, loser, now)


def refuse_unlike(winner: Contact, loser: Contact) -> None:
    """NotMergeable unless they are two current contacts of one account."""
    if winner.pk == loser.pk:
        raise NotMergeable(_("Choose two different people."))
    if not (winner.is_current and loser.is_current):
        raise NotMergeable(_("One of the two is no longer here."))
    if loser.account_id not in (None, winner.account_id):
        raise NotMergeable(_("They belong to different customers. Move one of them first."))


def one_account(contact: Contact) -> str:
    return contact.account.external_id if contact.account else ""


def _merge_runs(winner: Contact, loser: Contact, now: datetime) -> None:
    """The further of two live runs stays; all runs become the winner's, numbered on."""
    mine = Enrollment.objects.filter(contact__in=(winner, loser)).select_related("version__journey")
    rows = list(db.hold(mine.order_by("pk")))
    _end(_behind(rows), now)
    numbers: defaultdict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        if row.contact_id == winner.pk:
            key = (row.journey_id, row.subject_key)
            numbers[key] = max(numbers[key], row.run)
    changes = []
    for row in rows:
        if row.contact_id == loser.pk:
            key = (row.journey_id, row.subject_key.replace(str(loser.uid), str(winner.uid)))
            numbers[key] += 1
            changes.append(
                {"id": row.pk, "contact_id": winner.pk, "account_id": winner.account_id or row.account_id,
                 "subject_key": key[1], "run": numbers[key]}
            )  # fmt: skip
    _take_back_claims([row.pk for row in rows])
    db.update(Enrollment, changes)


def _behind(rows: Sequence[Enrollment]) -> list[Enrollment]:
    """Of the live runs in one journey about one contract all but the furthest."""
    live: defaultdict[tuple[int, int | None], list[Enrollment]] = defaultdict(list)
    for row in rows:
        if row.status == Status.IN:
            live[row.journey_id, row.subscription_id].append(row)
    return [
        row
        for runs in live.values()
        for row in sorted(runs, key=lambda one: (-one.position, one.entered_at, one.pk))[1:]
    ]


def _end(runs: Sequence[Enrollment], now: datetime) -> None:
    if not runs:
        return
    db.update(
        Enrollment,
        [
            {"id": run.pk, "status": Status.LEFT, "reason": Reason.MERGED, "left_at": now,
             "due_at": None}
            for run in runs
        ],
    )  # fmt: skip
    ledger.write(
        ledger.about_enrollment(run, now, ledger.Verdict.LEFT, Reason.MERGED) for run in runs
    )
    withdraw_messages([run.pk for run in runs], now, Reason.MERGED)


def _take_back_claims(enrollment_ids: Sequence[int]) -> None:
    """A letter being prepared for one of two is prepared again, for the one who stays."""
    Message.objects.filter(
        enrollment_id__in=enrollment_ids, state=Message.State.CLAIMED, attempts__lte=1
    ).update(state=Message.State.PLANNED, token=None, lease_until=None, frozen=None)


def _merge_traits(winner: Contact, loser: Contact, now: datetime) -> None:
    """What was said of the loser alone is said of the winner; roles of either are held."""
    said: list[tuple[datetime, dict[str, Any]]] = []
    rows = TraitChange.objects.filter(of="contact", subject_id=loser.pk)
    for name, value, moment in (
        rows.exclude(name__in=set(winner.traits))
        .order_by("occurred_at", "pk")
        .values_list("name", "value", "occurred_at")
    ):
        said.append((moment, {name: value}))
    both = [*_roles(winner), *(role for role in _roles(loser) if role not in _roles(winner))]
    if _roles(winner) and len(both) > len(_roles(winner)):
        said.append((now, {"roles": both}))
    said.append((loser.known_since or now, {}))  # since when somebody was there
    people.tell(
        [Call(Kind.IDENTIFY, moment, winner.user_id, "", traits) for moment, traits in said],
        received_at=now,
    )


def _roles(contact: Contact) -> list[str]:
    held = contact.traits.get("roles") or contact.traits.get("role") or []
    return [held] if isinstance(held, str) else list(held)


def _merge_stays(winner: Contact, loser: Contact, now: datetime) -> None:
    """The winner was there since the first of the two, in the roles of both; the loser never was."""
    rows = list(Membership.objects.filter(contact__in=(winner, loser)).order_by("from_at", "pk"))
    by_role: defaultdict[str, list[Membership]] = defaultdict(list)
    for row in rows:
        if row.contact_id == winner.pk:
            by_role[row.role].append(row)
    changes: list[dict[str, Any]] = []
    kept: list[int] = []
    for row in (one for one in rows if one.contact_id == loser.pk):
        same = by_role[row.role]
        if not same:
            kept.append(row.pk)
            continue
        if row.from_at < same[0].from_at:
            changes.append({"id": same[0].pk, "from_at": row.from_at})
            same[0].from_at = row.from_at
        Membership.objects.filter(pk=row.pk).update(to_at=row.from_at, ended_received_at=now)
    db.update(Membership, changes)
    Membership.objects.filter(pk__in=kept).update(contact=winner)


def _hand_over(winner: Contact, loser: Contact) -> None:
    """Point every other row that names the loser at the winner, where no rule forbids a second."""
    for model, name in naming_a_contact():
        if model not in (Enrollment, Membership):
            clashes = list(_clashes(model, name, winner))
            rows: Any = QuerySet(model).filter(*clashes, **{name: loser.pk})
            rows.update(**{name: winner.pk})
    if winner.account_id:
        Event.objects.filter(contact_id=winner.pk, account=None).update(account=winner.account_id)


def naming_a_contact() -> Iterator[tuple[type[models.Model], str]]:
    """Every table that says which contact it is about, and the column that says so."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if (field.is_relation and field.related_model is Contact) or field.name == "contact_id":
                yield model, field.attname


def _clashes(model: type[models.Model], name: str, winner: Contact) -> Iterator[Q]:
    """That the winner has no such row already, where only one is allowed."""
    rules = [rule.fields for rule in model._meta.constraints if hasattr(rule, "fields")]
    for rule in [*rules, *model._meta.unique_together]:
        attnames = [model._meta.get_field(one).attname for one in rule]  # type: ignore[union-attr]
        if name in attnames:
            others = {one: OuterRef(one) for one in attnames if one != name}
            yield Q(~Exists(QuerySet(model).filter(**{name: winner.pk}, **others)))


def _merge_persons(winner: Contact, loser: Contact, now: datetime) -> None:
    """One human: the stricter answer wins, and what either address asked for holds for both."""
    addresses = {one.email for one in (winner, loser) if one.email}
    refusing = _refusing(addresses)
    if winner.person_id != loser.person_id:
        people.absorb({loser.person_id: winner.person_id}, now)
    for address in addresses if refusing else ():
        permission.suppress(address, min(refusing), now)


def _refusing(addresses: set[str]) -> set[str]:
    """Why these addresses asked to be left alone, if any did."""
    hashes = {permission.address_hash(address) for address in addresses}
    rows = Suppression.objects.filter(address_hash__in=hashes, to_at=None).exclude(reason=BOUNCED)
    return set(rows.values_list("reason", flat=True))


def _answer_to_both_names(winner: Contact, loser: Contact, now: datetime) -> None:
    Contact.objects.filter(pk=loser.pk).update(is_current=False, person=winner.person_id)
    Alias.objects.create(contact=winner, kind=MERGED_USER, value=loser.user_id, from_at=now)
    ledger.write(
        [
            Decision(
                at=now,
                verdict=ledger.Verdict.LEFT,
                reason=Reason.MERGED,
                account_id=winner.account_id,
                contact_id=winner.pk,
                rule=f"{loser.user_id} → {winner.user_id}"[:200],
                evidence={"winner": str(winner.uid), "loser": str(loser.uid)},
            )
        ]
    )
    for one in (winner, loser):
        one.refresh_from_db()


def preview(winner: Contact, loser: Contact) -> Preview:
    """What `merge` would do now. Reads only; NotMergeable as there."""
    refuse_unlike(winner, loser)
    rows = list(Enrollment.objects.filter(contact__in=(winner, loser)))
    behind = {row.pk for row in _behind(rows)}
    live = [row for row in rows if row.status == Status.IN and row.contact_id == loser.pk]
    stops = Consent.objects.filter(
        person__in=(winner.person_id, loser.person_id), answer=Consent.Answer.NO, to_at=None
    )
    return Preview(
        facts=Event.objects.filter(contact_id=loser.pk).count(),
        goes_on=sum(row.pk not in behind for row in live),
        ends=len(behind),
        withdrawn=Message.objects.filter(
            enrollment_id__in=behind, state__in=(*NOT_YET_OUT, *NUDGE_OPEN)
        ).count(),
        stops=stops.values("topic").distinct().count(),
    )


# --- moving ---------------------------------------------------------------------------------------
def move(contact: Contact, account: Account, now: datetime) -> Contact:
    """`contact` works for `account` from `now` on; the new contact of the same person.

    Facts stay with the old account and its runs end; what else is said of them later is said of
    the new contact.
    """
    with transaction.atomic():
        if contact.account_id == account.pk:
            return contact
        call = Call(Kind.GROUP, now, contact.user_id, account.external_id)
        whom = people.tell([call], received_at=now)[0]
        if whom.contact is None or whom.contact.pk == contact.pk:
            return Contact.objects.get(pk=contact.pk)
        runs = Enrollment.objects.filter(contact=contact, status=Status.IN)
        _leave(list(runs.select_related("version__journey")), now)
        return whom.contact


def _leave(runs: Sequence[Enrollment], now: datetime) -> None:
    if runs:
        Enrollment.objects.filter(pk__in=[run.pk for run in runs], status=Status.IN).update(
            status=Status.LEFT, reason=Reason.MOVED_AWAY, left_at=now, due_at=None
        )
        ledger.write(
            ledger.about_enrollment(run, now, ledger.Verdict.LEFT, Reason.MOVED_AWAY)
            for run in runs
        )
        withdraw_messages([run.pk for run in runs], now, Reason.MOVED_AWAY)


def others_of(contact: Contact) -> list[Contact]:
    """With whom a contact could be merged: the other current people of its account."""
    there = Contact.objects.filter(account=contact.account_id, is_current=True)
    return list(there.exclude(pk=contact.pk).select_related("person")) if contact.account_id else []
