"""G4: a tick that branches, plans a letter and keeps its ledger, against one row at a time."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection, transaction

from benchmarks.goals import Line
from benchmarks.loading import load
from benchmarks.population import BEGIN, NOW, Population, settle
from benchmarks.timing import in_turns
from journeys import bundle, db, steps
from journeys.models import (
    Account,
    Address,
    Contact,
    Decision,
    Enrollment,
    Journey,
    JourneyVersion,
    Message,
    TraitChange,
)

JOURNEY = Path(__file__).parent / "journey.yaml"
MOST = 20_000
TRIED = 300
State = tuple[int, ...]


def lines(population: Population, database: str, rounds: int) -> Iterator[Line]:
    """The ratio to one row at a time; on PostgreSQL two workers on the same rows."""
    due = _enrolled(min(MOST, population.contacts))
    timed = in_turns({"set": _again(due, lambda: steps.run_due(NOW))}, rounds)
    expected = _expected(due)
    assert _letters() == expected, (_letters(), expected)
    alone = in_turns({"loop": _again(due, lambda: _one_by_one(TRIED))}, 3)["loop"].wall / TRIED
    ours = timed["set"].wall / due
    detail = f"{due:,} due: {1 / ours:,.0f} a second, one by one {1 / alone:,.0f}"
    yield Line("G4", database, "tick with branches and ledger", alone / ours, 40, detail=detail)
    if db.is_postgres():
        _again(due, _two_at_once)()
        assert _letters() == expected
        yield Line("G4", database, "letters planned twice by two workers", 0, 0, unit="", at_most=True,
                   detail=f"{sum(expected):,} of {sum(expected):,} once")  # fmt: skip


def _enrolled(many: int) -> int:
    bundle.apply(bundle.read_files([JOURNEY]), NOW)
    version = JourneyVersion.objects.select_related("journey").get(journey__key="bench")
    load(
        Address,
        ("id", "person_id", "channel", "value", "normalised", "from_at"),
        ((n, n, "email", f"u{n}@a.example", f"u{n}@a.example", BEGIN) for n in range(1, many + 1)),
    )
    people = Contact.objects.order_by("pk").values_list("pk", "uid", "account_id")[:many]
    load(
        Enrollment,
        ("id", "uid", "journey_id", "version_id", "account_id", "contact_id", "subscription_id",
         "subject_key", "run", "bucket", "holdout", "status", "position", "step_at", "due_at",
         "entered_at"),
        (
            (n, uuid.uuid4(), version.journey_id, version.pk, account, pk, account, str(uid), 1,
             0.5, False, "in", version.program["start"], NOW, NOW, NOW)
            for n, (pk, uid, account) in enumerate(people.iterator(), start=1)
        ),
    )  # fmt: skip
    settle()
    return many


def _again(due: int, work: Callable[[], object]) -> Callable[[], object]:
    """The work on rows that are as they were before it."""

    def run() -> object:
        with connection.cursor() as cursor:
            for model in (Message, Decision):
                table = model._meta.db_table
                cursor.execute(f"{'TRUNCATE' if db.is_postgres() else 'DELETE FROM'} {table}")
        start = JourneyVersion.objects.get(journey__key="bench").program["start"]
        Enrollment.objects.filter(pk__lte=due).update(
            position=start, status="in", due_at=NOW, step_at=NOW, waiting_for="", step_id=""
        )
        return work()

    return run


def _letters() -> State:
    """How many letters of each kind are planned."""
    found = Message.objects.filter(journey_key="bench")
    return tuple(found.filter(step_id=step).count() for step in ("for-pro", "for-others"))


def _expected(due: int) -> State:
    pro = set(
        TraitChange.objects.filter(name="plan", value="pro").values_list("subject_id", flat=True)
    )
    accounts = Enrollment.objects.filter(pk__lte=due).values_list("account_id", flat=True)
    for_pro = sum(account in pro for account in accounts)
    return for_pro, due - for_pro


def _two_at_once() -> None:
    def work() -> None:
        try:
            steps.run_due(NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- one row at a time ------------------------------------------------------------------------------
def _one_by_one(many: int) -> None:
    """What a scheduler that loads, asks, writes and saves each enrollment does."""
    journey = Journey.objects.get(key="bench")
    version = journey.versions.get()
    for pk in range(1, many + 1):
        with transaction.atomic():
            _alone(db.locked(Enrollment.objects.filter(pk=pk)).get(), version)


def _alone(e: Enrollment, version: JourneyVersion) -> None:
    plan = TraitChange.objects.filter(
        of="account", subject_id=e.account_id, name="plan", occurred_at__lte=NOW
    ).order_by("-occurred_at", "-pk").first()  # fmt: skip
    step = "for-pro" if plan and plan.value == "pro" else "for-others"
    _decided(e, "branched", "condition_met", step)
    contact = Contact.objects.select_related("person").get(pk=e.contact_id)
    address = Address.objects.filter(person=contact.person, channel="email", to_at=None).first()
    message = Message(
        key=f"{e.subject_key}/{step}", channel="email", account_id=e.account_id, contact=contact,
        person=contact.person, enrollment_id=e.pk, journey_key="bench", step_id=step,
        planned_at=NOW, due_at=NOW, to_address=address.value if address else "",
    )  # fmt: skip
    message.save(force_insert=True)
    _decided(e, "planned", "slot", step, message)
    e.step_id, e.waiting_for, e.due_at = step, "message", None
    e.save(update_fields=["step_id", "waiting_for", "due_at"])


def _decided(
    e: Enrollment, verdict: str, reason: str, step: str, message: Message | None = None
) -> None:
    account = Account.objects.get(pk=e.account_id)
    Decision.objects.create(
        at=NOW, verdict=verdict, reason=reason, account_id=account.pk, contact_id=e.contact_id,
        enrollment_id=e.pk, step_id=step, journey_key="bench",
        message_id=message.pk if message else None,
    )  # fmt: skip
