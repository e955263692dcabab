"""Two things at the same moment, on PostgreSQL with real connections: one comes first (I10, I15, I20)."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.core import mail
from django.db import connection, transaction

from journeys import permission
from journeys.enrollments import withdraw_messages
from journeys.ledger import Reason
from journeys.messages import delivery, fence
from journeys.messages.claim import claim
from journeys.messages.preparing import prepare
from journeys.models import Enrollment, FrequencyPolicy, Message
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
Deed = Callable[[Message], object]


def stop(message: Message) -> None:
    permission.stop(message.person, message.topic, "race", NOW)


def leave(message: Message) -> None:
    assert message.enrollment_id is not None
    with transaction.atomic():
        rows = Enrollment.objects.filter(pk=message.enrollment_id)
        rows.update(status=Enrollment.Status.LEFT, reason=Reason.EXIT_WHEN)
        withdraw_messages([message.enrollment_id], NOW, Reason.EXIT_WHEN)


def race(deed: Deed, rounds: int, monkeypatch: pytest.MonkeyPatch, seed: int) -> Counter[str]:
    """Run a deed against a fence, round by round; how each round ended.

    A breach: handed over although the deed had committed before the fence's COMMIT was issued.
    """
    dice = random.Random(seed)  # noqa: S311 -- to be replayed, not to be secret
    ready = prepare_many(rounds)
    commits: dict[str, float] = {}

    def note(point: str) -> None:
        if point == "fence.marked":
            commits["fence"] = time.monotonic()

    monkeypatch.setattr(fence, "faultpoint", note)
    ended: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for message in ready:
            commits.clear()
            head_start = dice.uniform(-0.004, 0.012)
            done = pool.submit(at, max(0.0, head_start), partial(deed, message))
            passing = partial(fence.pass_fence, [message], NOW)
            passed = pool.submit(at, max(0.0, -head_start), passing)
            finished = done.result()
            handed = bool(passed.result()[1])
            breach = handed and finished[0] < commits["fence"]
            ended["breach" if breach else "handed" if handed else "kept"] += 1
        both = threading.Barrier(2)
        for closing in [pool.submit(close, both) for _worker in range(2)]:
            closing.result()
    return ended


def at(delay: float, deed: Callable[[], object]) -> tuple[float, object]:
    """Do it after a delay; when it was done, and what it said."""
    time.sleep(delay)
    said = deed()
    done = time.monotonic()
    return done, said


def close(both: threading.Barrier) -> None:
    """Close this worker's connection; the barrier sees to it that each worker does."""
    connection.close()
    both.wait(10)


def prepare_many(count: int) -> list[Message]:
    letter, version = world.template(), world.journey()
    for _n in range(count):
        contact = world.customer()
        world.message(contact, letter, enrollment=world.enrolled(contact, version))
    return prepare(claim(NOW, count), NOW)


@pytest.mark.parametrize("deed", [stop, leave])
def test_i10_i20_of_a_stop_and_a_hand_over_one_comes_first(
    deed: Deed, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.SENDER_LEASE_SECONDS = 600  # type: ignore[attr-defined]
    ended = race(deed, 300, monkeypatch, seed=20)

    assert ended["breach"] == 0
    assert ended["handed"] > 10  # both orders did happen, or nothing was raced
    assert ended["kept"] > 10


def test_i20_without_the_person_lock_the_race_is_lost(
    monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    """The proof that the race above can be lost: the same race, with the lock taken out."""
    settings.SENDER_LEASE_SECONDS = 600  # type: ignore[attr-defined]
    monkeypatch.setattr(permission, "lock", lambda people, skip_locked=False: set(people))

    ended = race(stop, 80, monkeypatch, seed=21)

    assert ended["breach"] > 0


def send_in_threads(count: int) -> None:
    def send() -> None:
        try:
            delivery.send_due(NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_i15_ten_senders_do_not_break_a_persons_cap() -> None:
    FrequencyPolicy.objects.create(per_days=7, most=2, gap_business_days=0, from_at=NOW)
    contact, letter = world.customer(), world.template()
    for _n in range(10):
        world.message(contact, letter)
    # Tried before: each travels alone, so that ten senders hold one message each.
    Message.objects.update(attempts=1)

    send_in_threads(10)

    assert len(mail.outbox) == 2
    assert Message.objects.filter(state="held", reason__in=("cap", "lost_to_priority")).count() == 8


def test_i11_five_senders_send_each_message_once() -> None:
    letter = world.template()
    for _n in range(60):
        world.message(world.customer(), letter)

    send_in_threads(5)

    ids = [m.extra_headers["Message-ID"] for m in mail.outbox]
    assert (len(ids), len(set(ids))) == (60, 60)
    assert set(Message.objects.values_list("state", flat=True)) == {"accepted"}


def test_a_busy_person_keeps_nobody_else_waiting() -> None:
    busy, free = (world.message() for _n in range(2))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            permission.lock({busy.person_id})
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    sent = fence.pass_fence(prepare(claim(NOW, 10), NOW), NOW)
    done.set()
    holder.join()

    assert [m.pk for m in sent] == [free.pk]
    busy.refresh_from_db()
    assert (busy.state, busy.attempts) == ("planned", 0)
