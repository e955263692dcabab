"""What a person does to a contract's way: move it, hold it, let it go, give it more time (R7, R10).

Each needs a reason and leaves a decision with who did it. The doors ask for the permission.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import db, facts, ledger, people
from journeys.calendars import days_at
from journeys.lifecycle.entering import due_on, newest_seq, placed
from journeys.models import Decision, Stage, StageTransition, Subscription, User
from journeys.plays.path import bring_back

Path = Subscription.Path
LONGEST_REASON = 500


class HandRefused(ValueError):
    """What a person asked for cannot be done, in a sentence."""


@transaction.atomic
def move_by_hand(
    *, subscription: Subscription, to: str, by: User | None, reason: str, now: datetime
) -> StageTransition:
    """Put a contract into another stage of its route; it stays there until it is let go.

    `to`: the key of the stage. The move takes effect at `now` and is told apart from automatic
    ones by its cause. HandRefused without a reason, for an unknown stage, the present one, or a
    contract that is on no route.
    """
    why, contract = _why(reason), _locked(subscription)
    here, there = contract.stage, _stage(contract, to)
    if here is None or contract.version is None:
        raise HandRefused(_("This contract is on no route yet."))
    if there.pk == here.pk:
        raise HandRefused(_("The contract is in the stage “%s” already.") % here.name)
    due = due_on(there, contract.started_at, now, days_at(now))
    move = StageTransition.objects.create(
        subscription=contract,
        account_id=contract.account_id,
        version_id=contract.version.pk,
        seq=newest_seq([contract.pk])[contract.pk] + 1,
        from_stage=here.key,
        to_stage=there.key,
        to_stage_name=there.name,
        effective_at=now,
        decided_at=now,
        due_on=due,
        completes_onboarding=_passes_onboarding(contract.version_id, here, there),
        cause=StageTransition.Cause.MANUAL,
        by_user_id=by.pk if by else None,
        note=why,
    )
    columns = placed(contract, there, contract.version, now, due)
    db.update(Subscription, [columns | {"manual_until_released": True}])
    _say(contract, now, ledger.Verdict.ADVANCED, by, why, rule=f"{here.key} → {there.key}")
    return move


def _passes_onboarding(version_id: int | None, here: Stage, there: Stage) -> bool:
    """Whether a move forward passes the exit that completes the onboarding (R11)."""
    return Stage.objects.filter(
        version=version_id,
        completes_onboarding=True,
        position__gte=here.position,
        position__lt=there.position,
    ).exists()


@transaction.atomic
def hold(*, subscription: Subscription, by: User | None, reason: str, now: datetime) -> None:
    """Keep a contract in its stage, and its journeys waiting, until it is let go."""
    why, contract = _why(reason), _locked(subscription)
    if contract.path == Path.HOLD:
        raise HandRefused(_("The contract is on hold already."))
    Subscription.objects.filter(pk=contract.pk).update(path=Path.HOLD, manual_until_released=True)
    people.set_traits([(contract, {"on_path": False}, now)], received_at=now)
    _say(contract, now, ledger.Verdict.HELD, by, why)


@transaction.atomic
def release(*, subscription: Subscription, by: User | None, reason: str, now: datetime) -> None:
    """Give a contract back to its criteria: the next tick moves it on if they are met.

    Whoever a person is still helping stays with that person.
    """
    why, contract = _why(reason), _locked(subscription)
    if not contract.manual_until_released and contract.path != Path.HOLD:
        raise HandRefused(_("The contract is not held by hand."))
    Subscription.objects.filter(pk=contract.pk).update(manual_until_released=False)
    if contract.path == Path.HOLD:
        Subscription.objects.filter(pk=contract.pk).update(path=Path.OFF)
        bring_back([contract.pk], now)
    _say(contract, now, ledger.Verdict.LET_GO, by, why)


@transaction.atomic
def extend(
    *, subscription: Subscription, until: date, by: User | None, reason: str, now: datetime
) -> None:
    """Give more time for the present stage; the original deadline stays for the figures (R10)."""
    why, contract = _why(reason), _locked(subscription)
    due = contract.stage_due_on
    if due is None:
        raise HandRefused(_("This stage has no deadline."))
    if until <= due:
        raise HandRefused(_("The new deadline must lie after %s.") % due.isoformat())
    Subscription.objects.filter(pk=contract.pk).update(stage_due_on=until)
    evidence = {"was": due.isoformat(), "is": until.isoformat()}
    _say(contract, now, ledger.Verdict.EXTENDED, by, why, evidence=evidence)


@transaction.atomic
def confirm(*, subscription: Subscription, by: User | None, evidence: str, now: datetime) -> None:
    """Record the fact `stage.confirmed`: somebody has seen that the stage is done, and by what (R3).

    Whether that lets the stage go is for its exit criteria to say.
    """
    why, contract = _why(evidence), _locked(subscription)
    if contract.stage is None:
        raise HandRefused(_("This contract is on no route yet."))
    facts.record(
        name="stage.confirmed",
        occurred_at=now,
        received_at=now,
        account_id=contract.account_id,
        product=contract.product.key,
        properties={"stage": contract.stage.key, "evidence": why, "by": str(by or "")},
    )


@transaction.atomic
def deliver(
    *, subscription: Subscription, key: str, state: str, by: User | None, now: datetime
) -> None:
    """Record the fact `deliverable.changed`: what the work cannot do without is in a state now."""
    what, how = key.strip(), state.strip()
    if not (0 < len(what) <= 100 and 0 < len(how) <= 100):
        raise HandRefused(
            _("Write which deliverable it is and its state, in at most 100 characters.")
        )
    contract = _locked(subscription)
    facts.record(
        name="deliverable.changed",
        occurred_at=now,
        received_at=now,
        account_id=contract.account_id,
        product=contract.product.key,
        properties={"deliverable": what, "state": how, "by": str(by or "")},
    )


def _why(reason: str) -> str:
    if not (why := reason.strip()):
        raise HandRefused(_("Write the reason: it is kept with the move."))
    return why[:LONGEST_REASON]


def _locked(subscription: Subscription) -> Subscription:
    """The contract as it stands, held until the transaction ends; no tick moves it meanwhile."""
    rows = Subscription.objects.select_related("stage", "version", "product")
    contract = db.hold(rows.filter(pk=subscription.pk)).get()
    if contract.ended_at is not None:
        raise HandRefused(_("This contract has ended."))
    return contract


def _stage(contract: Subscription, key: str) -> Stage:
    stage = Stage.objects.filter(version=contract.version_id, key=key).first()
    if stage is None:
        raise HandRefused(_("The route has no stage “%s”.") % key)
    return stage


def _say(
    contract: Subscription,
    now: datetime,
    verdict: Decision.Verdict,
    by: User | None,
    why: str,
    *,
    rule: str = "",
    evidence: dict[str, str] | None = None,
) -> None:
    said = {"by": str(by or ""), "user": by.pk if by else None, "note": why} | (evidence or {})
    decision = ledger.about_subscription(
        contract, now, verdict, ledger.Reason.BY_HAND, rule=rule, evidence=said
    )
    ledger.write([decision])
