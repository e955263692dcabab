"""I12: every step that was due ends up sent, skipped, failed, pending or unknown; none is lost.

The ledger says what was due, the messages say what became of it: two independent accounts that
must balance. For tests, soak runs and `doctor`; reads only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from journeys.ledger import Reason, Verdict
from journeys.models import Decision, Enrollment, Message

State = Message.State
#: Which account a message's state belongs to.
ACCOUNTS: dict[str, tuple[State, ...]] = {
    "sent": (State.ACCEPTED, State.DELIVERED, State.SHOWN, State.CLICKED, State.DISMISSED,
             State.SNOOZED, State.RECALLED, State.MERGED),
    "skipped": (State.SKIPPED, State.EXPIRED),
    "failed": (State.FAILED,),
    "pending": (State.PLANNED, State.HELD, State.CLAIMED, State.HANDED),
    "unknown": (State.UNCERTAIN,),
}  # fmt: skip
#: The decisions that speak of a message for the first time.
OPENING = (Verdict.PLANNED, Verdict.SHOWN, Verdict.SKIPPED)
NEEDS_A_REASON = (State.SKIPPED, State.EXPIRED, State.FAILED)


@dataclass(frozen=True)
class Balance:
    """Steps that were due, and what became of them. `lost` is what no account explains."""

    due: int = 0
    sent: int = 0
    skipped: int = 0
    failed: int = 0
    pending: int = 0
    unknown: int = 0
    without_reason: int = 0
    lost: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, or ended without a reason."""
        accounted = self.sent + self.skipped + self.failed + self.pending + self.unknown
        return self.due == accounted and not self.without_reason and not self.lost


def balance() -> Balance:
    """Balance the whole installation's journeys, by six statements."""
    said = Message.objects.filter(enrollment_id__isnull=False)
    states: Counter[str] = Counter(
        dict(said.order_by().values_list("state").annotate(n=Count("pk")))
    )
    unspoken = Decision.objects.filter(
        verdict=Verdict.SKIPPED, enrollment_id__isnull=False, message_id=None
    ).count()
    spoken = Decision.objects.filter(
        verdict__in=OPENING, enrollment_id__isnull=False, message_id__isnull=False
    ).aggregate(n=Count("message_id", distinct=True))["n"]
    accounts = {name: sum(states[s] for s in of) for name, of in ACCOUNTS.items()}
    accounts["skipped"] += unspoken
    return Balance(
        due=spoken + unspoken,
        without_reason=said.filter(state__in=NEEDS_A_REASON, reason="").count(),
        lost=[*map(str, _waiting_for_nothing()), *map(str, _never_woken())],
        **accounts,
    )


def _waiting() -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(status=Enrollment.Status.IN, waiting_for="message")


def _waiting_for_nothing() -> QuerySet[Enrollment]:
    """At a letter that was neither planned nor said to have nobody to go to."""
    mine = {"enrollment_id": OuterRef("pk"), "step_id": OuterRef("step_id")}
    nobody = Decision.objects.filter(**mine, verdict=Verdict.SKIPPED, reason=Reason.NO_ADDRESS)
    return _waiting().filter(~Exists(Message.objects.filter(**mine)), ~Exists(nobody))


def _never_woken() -> QuerySet[Enrollment]:
    """At a letter whose way is over, and nobody looks again."""
    mine = {"enrollment_id": OuterRef("pk"), "step_id": OuterRef("step_id")}
    under_way = Message.objects.filter(**mine, state__in=ACCOUNTS["pending"])
    all_over = Exists(Message.objects.filter(**mine)) & ~Exists(under_way)
    return _waiting().filter(Q(due_at=None) & all_over)
