"""0.3: at most one hand-over, nothing lost, whatever dies where (I11, I12, I22, I23)."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from typing import Any

import pytest

from journeys import clock
from journeys.faults import POINTS
from journeys.messages import delivery
from journeys.models import Message
from tests.faults import rig as rigs
from tests.faults.proxy import Proxy
from tests.faults.rig import LEASE, Nursery, Rig

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
KILLS_A_POINT = rigs.scale(25)
CUTS = rigs.scale(50)


def reconcile(settings: Any, rig: Rig | None = None) -> dict[str, int]:
    """Give up waiting for answers; with a rig, its ledger is the relay's complete log."""
    settings.SENDER_LEASE_SECONDS, settings.RECONCILE_AFTER_SECONDS = LEASE, LEASE + 1
    if rig is None:
        return delivery.reconcile(clock.now())
    arrived = rig.ledger
    return delivery.reconcile(clock.now(), authority=lambda ids: {i: i in arrived for i in ids})


def kills(points: tuple[str, ...], each: int, seed: int, **more: Any) -> list[dict[str, Any]]:
    """Senders to be killed at each point, at its first or second pass, shuffled."""
    dice = random.Random(seed)  # noqa: S311 -- to be replayed, not to be secret
    found = [
        {"plan": {point: f"{dice.randint(1, 2)}:kill"}, "how": "loop", **more}
        for point in points
        for _n in range(each)
    ]
    dice.shuffle(found)
    return found


def everything_arrives(rig: Rig, slots: list[Nursery], settings: Any) -> None:
    """The backlog drains with no hand; whoever knows settles what nobody answered for."""
    rigs.recover(slots[0])
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


def test_i11_i12_i22_three_hundred_kills_lose_nothing_and_double_nothing(
    rig: Rig, slots: list[Nursery], settings: Any
) -> None:
    """Twelve named points, twenty-five kills each."""
    rigs.plan_messages(5 * KILLS_A_POINT * len(POINTS))

    ends = rigs.storm(slots, kills(POINTS, KILLS_A_POINT, rigs.seed("three_hundred_kills")))

    assert [e for e in ends if e["signal"] != signal.SIGKILL] == []
    assert rig.faults == {(point, "kill"): KILLS_A_POINT for point in POINTS}
    everything_arrives(rig, slots, settings)


def test_i11_fifty_cut_connections_lose_nothing_and_double_nothing(
    rig: Rig, slots: list[Nursery], settings: Any
) -> None:
    """Ended by the server at named points, and cut at a COMMIT, its outcome known or not."""
    seed = rigs.seed("fifty_cut")
    dice = random.Random(seed)  # noqa: S311 -- to be replayed
    rigs.plan_messages(4 * CUTS)
    ended = [
        {"plan": {dice.choice(POINTS): f"{dice.randint(1, 2)}:ended"}, "how": "once"}
        for _n in range(CUTS * 2 // 5)
    ]
    base = rigs.database()

    with Proxy((base["HOST"], int(base["PORT"])), seed) as wire:
        rigs.storm(slots, ended)
        detour = {"database": {"HOST": "127.0.0.1", "PORT": wire.port}}
        while len(wire.cuts) + rig.faults.total() < CUTS:
            rigs.storm(slots, [{"plan": {}, "how": "once", **detour}] * 3)
            assert Message.objects.filter(state__in=("planned", "claimed")).exists(), wire.cuts
        cuts = Counter(wire.cuts)

    assert min(cuts["before"], cuts["unknown"], rig.faults.total()) > CUTS // 10
    everything_arrives(rig, slots, settings)


def test_i23_a_sender_that_sleeps_longer_than_its_lease_sends_once(
    rig: Rig, slots: list[Nursery], settings: Any
) -> None:
    """A frozen machine: paused between fence and hand-over, given up meanwhile, then awake."""
    rigs.plan_messages(1, people=1)
    frozen, awake = slots[:2]

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


def test_i23_what_was_handed_and_not_answered_is_never_sent_again_by_itself(
    rig: Rig, slots: list[Nursery], settings: Any
) -> None:
    """Killed after the dot, and nobody who knows: it is shown to a person, and stays so."""
    rigs.plan_messages(1, people=1)
    slots[0].run({"plan": {"hand.after": "kill"}, "how": "once"})

    rigs.wait_for(lambda: reconcile(settings)["uncertain"] == 1)
    for _n in range(3):
        slots[0].run({"plan": {}, "how": "once"})
        reconcile(settings)

    assert rig.ledger == {rigs.message_id(Message.objects.get()): 1}
    assert Message.objects.get().state == "uncertain"
