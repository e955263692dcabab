"""0.3: at most one hand-over, nothing lost, whatever dies where (I11, I12, I22, I23)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys import clock
from journeys.faults import POINTS
from journeys.messages import delivery
from journeys.models import Message
from tests.faults import rig as rigs
from tests.faults.rig import LEASE, Rig

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
KILLS_A_POINT = 5


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with rigs.rig(tmp_path) as running:
        yield running


def reconcile(settings: Any, rig: Rig | None = None) -> dict[str, int]:
    """Give up waiting for answers; with a rig, its ledger is the relay's complete log."""
    settings.SENDER_LEASE_SECONDS, settings.RECONCILE_AFTER_SECONDS = LEASE, LEASE + 1
    if rig is None:
        return delivery.reconcile(clock.now())
    arrived = rig.ledger
    return delivery.reconcile(clock.now(), authority=lambda ids: {i: i in arrived for i in ids})


def orders(points: tuple[str, ...], seed: int, **more: Any) -> list[dict[str, Any]]:
    """Five senders to be killed at each point, at its first, second or third pass, shuffled."""
    dice = random.Random(seed)  # noqa: S311 -- to be replayed, not to be secret
    found = [
        {"plan": {point: f"{dice.randint(1, 3)}:kill"}, "how": "loop", **more}
        for point in points
        for _n in range(KILLS_A_POINT)
    ]
    dice.shuffle(found)
    return found


def test_i11_sixty_kills_lose_nothing_and_double_nothing(rig: Rig, settings: Any) -> None:
    seed = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))  # noqa: S311
    print(f"FAULT_SEED={seed}")  # noqa: T201 -- replays the storm
    rigs.plan_messages(420)

    with rigs.nurseries(rig) as slots:
        ends = rigs.storm(slots, orders(POINTS, seed))
        rigs.recover(slots[0])

        assert [e for e in ends if e["signal"] != signal.SIGKILL] == []
        assert rig.faults == {(point, "kill"): KILLS_A_POINT for point in POINTS}
        assert rigs.doubled(rig) == {}
        assert rigs.lost(rig) == []
        assert set(Message.objects.values_list("state", flat=True)) <= {"accepted", "handed"}

        # The relay's log knows: found is accepted, absent is due again under the same key.
        rigs.wait_for(lambda: sum(reconcile(settings, rig).values()) == 0 and not handed())
        rigs.recover(slots[0])

    assert set(Message.objects.values_list("state", flat=True)) == {"accepted"}
    assert len(rig.ledger) == Message.objects.count()
    assert rigs.doubled(rig) == {}
    assert len(rig.bodies) == len(rig.ledger)  # I22


def handed() -> bool:
    return Message.objects.filter(state="handed").exists()


def test_the_same_storm_finds_doubles_where_there_is_no_fence(rig: Rig, settings: Any) -> None:
    """The harness tested: a sender with claims and leases only is caught by it."""
    rigs.plan_messages(60)
    points = ("hand.after", "settle.before_commit")

    with rigs.nurseries(rig) as slots:
        ends = rigs.storm(slots, orders(points, seed=7, mutant=True))
        rigs.recover(slots[0], mutant=True)

    assert [e for e in ends if e["signal"] != signal.SIGKILL] == []
    assert rigs.doubled(rig) != {}


def test_i23_a_sender_that_sleeps_longer_than_its_lease_sends_once(rig: Rig, settings: Any) -> None:
    """A frozen machine: paused between fence and hand-over, given up meanwhile, then awake."""
    rigs.plan_messages(1, people=1)

    with rigs.nurseries(rig, 2) as (frozen, awake):
        pid = frozen.begin({"plan": {"hand.before": "stop"}, "how": "once", "patience": 60})
        rigs.wait_for(lambda: rig.faults[("hand.before", "stop")])
        time.sleep(LEASE + 1)
        awake.run({"plan": {}, "how": "once"})
        assert rig.ledger == {}
        rigs.wait_for(lambda: reconcile(settings)["uncertain"] == 1)
        os.kill(pid, signal.SIGCONT)
        frozen.end()

    message = Message.objects.get()
    assert rig.ledger == {rigs.message_id(message): 1}
    assert message.state == "accepted"
