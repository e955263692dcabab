"""The judge judged: each wrong design is found by the storm that the right one survives."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from journeys import permission
from journeys.enrollments import withdraw_messages
from journeys.ledger import Reason
from journeys.messages import fence
from journeys.messages.claim import claim
from journeys.messages.preparing import prepare
from journeys.models import Message
from tests.faults import cluster as clusters
from tests.faults import mutants
from tests.faults import rig as rigs
from tests.faults.rig import Nursery, Rig
from tests.faults.test_storm import kills
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


def test_without_a_fence_the_storm_finds_doubles(rig: Rig, slots: list[Nursery]) -> None:
    rigs.plan_messages(18)

    ends = rigs.storm(slots, kills(("hand.after",), 3, seed=7, mutant="no_fence"))
    rigs.recover(slots[0], mutant="no_fence")

    assert [e for e in ends if e["signal"] != signal.SIGKILL] == []
    assert rigs.doubled(rig) != {}


def test_with_the_claim_first_the_storm_finds_losses(rig: Rig, slots: list[Nursery]) -> None:
    rigs.plan_messages(18)

    rigs.storm(slots, kills(("hand.before",), 3, seed=8, mutant="claim_first"))
    rigs.recover(slots[0], mutant="claim_first")

    assert rigs.lost(rig) != []


@pytest.mark.skipif(clusters.programs() is None, reason="left out, needs initdb")
@pytest.mark.parametrize(("mutant", "copies"), [("", 1), ("asynchronous", 2)])
def test_i11_a_crash_of_postgres_after_the_hand_over_sends_twice_only_without_durable_commits(
    rig: Rig, slots: list[Nursery], mutant: str, copies: int
) -> None:
    """Stopped right after the relay took the mail; the server loses what it had only in memory."""
    rigs.plan_messages(1, people=1)
    message_id = rigs.message_id(Message.objects.get())

    with clusters.cluster() as private:
        here = {"database": private.database(), "mutant": mutant}
        private.never_flush_alone()
        pid = slots[0].begin({"plan": {"hand.after": "stop"}, "how": "once", **here})
        rigs.wait_for(lambda: rig.faults[("hand.after", "stop")])
        private.crash()
        os.kill(pid, signal.SIGKILL)
        slots[0].end()
        private.start()
        for _n in range(8):
            slots[0].run({"plan": {}, "how": "once", **here})
            if rig.ledger[message_id] == copies:
                rigs.pause(1)

    assert rig.ledger == {message_id: copies}


# --- the order of locks ---------------------------------------------------------------------------
def circles(rounds: int) -> int:
    """Fences against a deed that takes people before messages; how many waited in a circle."""
    letter, version = world.template(), world.journey()
    for _n in range(rounds):
        contact = world.customer()
        world.message(contact, letter, enrollment=world.enrolled(contact, version))
    ready = prepare(claim(NOW, rounds), NOW)
    take_person = permission_lock  # the house's order, whatever a mutant does to the fence's
    both = threading.Barrier(2)

    def deed(message: Message) -> bool:
        with quick_judge() as judged, transaction.atomic():
            both.wait(20)
            take_person({message.person_id})
            assert message.enrollment_id is not None
            withdraw_messages([message.enrollment_id], NOW, Reason.EXIT_WHEN)
        return judged.circle

    def pass_it(message: Message) -> bool:
        with quick_judge() as judged:
            both.wait(20)
            fence._through([message], NOW, skip_locked=False)
        return judged.circle

    found = 0
    with ThreadPoolExecutor(2) as pool:
        for message in ready:
            done = pool.submit(deed, message), pool.submit(pass_it, message)
            found += any(one.result() for one in done)
        for closing in [pool.submit(close, both) for _worker in range(2)]:
            closing.result()
    return found


class quick_judge:  # noqa: N801 -- reads as a context
    """PostgreSQL looks for circles at once; whether one was found here."""

    circle = False

    def __enter__(self) -> quick_judge:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '10ms'")
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, OperationalError):
            self.circle = getattr(error.__cause__, "sqlstate", "") == "40P01"
        return self.circle


def close(both: threading.Barrier) -> None:
    connection.close()
    both.wait(20)


permission_lock = permission.lock


@pytest.mark.parametrize("order", ["the house's", "reversed"])
def test_i10_with_locks_in_reversed_order_the_race_waits_in_circles(
    order: str, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    settings.SENDER_LEASE_SECONDS = 600  # type: ignore[attr-defined]
    monkeypatch.setattr(fence, "WAIT_FOR_LOCKS", "0")
    monkeypatch.setattr(permission, "lock", permission_lock)
    if order == "reversed":
        mutants.reversed_order()
        found = circles(rigs.scale(60))
        assert found > 0
    else:
        assert circles(rigs.scale(60)) == 0
