"""What happens around the senders: a backup that is restored, engines that die."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest

from journeys import clock, faults
from journeys.models import Decision, Enrollment, Hold, Message, StageTransition
from tests.faults import cluster as clusters
from tests.faults import rig as rigs
from tests.faults.rig import Nursery, Rig
from tests.journeys.messages.world import NOW

pytestmark = [
    pytest.mark.faults,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


# --- a backup is restored -------------------------------------------------------------------------
def test_i11_a_restored_backup_starts_held_and_sends_nothing_twice(
    rig: Rig, slots: list[Nursery], tmp_path: Path
) -> None:
    """20 letters before the backup, 20 after it: released with the relay's log, each is there once."""
    rigs.plan_messages(40, people=40)
    Message.objects.filter(key__in=[f"storm/{n}" for n in range(20, 40)]).update(released_at=None)
    slots[0].run({"plan": {}, "how": "once", "patience": 60})
    assert len(rig.ledger) == 20
    backup = clusters.dump()
    Message.objects.update(released_at=NOW)
    slots[0].run({"plan": {}, "how": "once", "patience": 60})
    assert len(rig.ledger) == 40

    elsewhere = {**rigs.database(), "NAME": rigs.database()["NAME"] + "_restored"}
    clusters.make_database(elsewhere, backup)
    try:
        with clusters.asking(elsewhere) as ask:
            ask("UPDATE journeys_message SET released_at = planned_at WHERE state = 'planned'")
            here = {"plan": {}, "database": {"NAME": elsewhere["NAME"]}, "patience": 60}
            held = slots[0].run({**here, "how": "once"})
            assert (held["code"], len(rig.ledger)) == (1, 40)
            assert ask("SELECT why FROM journeys_hold WHERE to_at IS NULL") == [("restored",)]

            log = tmp_path / "relay.log"
            log.write_text("\n".join(rig.ledger))
            release = ["release_sending", "--relay-log", str(log)]
            assert slots[0].run({**here, "command": release})["code"] == 0
            assert slots[0].run({**here, "how": "once"})["code"] == 0

            assert rigs.doubled(rig) == {}
            assert ask("SELECT DISTINCT state FROM journeys_message") == [("accepted",)]
    finally:
        clusters.drop_database(elsewhere)
    assert not Hold.objects.exists()  # the original goes on


# --- engines that die -----------------------------------------------------------------------------
def test_i8_i17_engines_killed_around_every_commit_end_in_the_same_rows(
    rig: Rig, slots: list[Nursery]
) -> None:
    """Each beat is all or nothing, and a tick after twelve kills is a tick."""
    from tests import cast  # noqa: PLC0415 -- the whole vendor, where it is needed

    seed = rigs.seed("engines_killed")
    dice = random.Random(seed)  # noqa: S311 -- to be replayed
    began = clock.now()
    cast.open_vendor(began)
    cast.customers(5, began)
    orders: list[dict[str, Any]] = [
        {"plan": {point: f"{n}:kill"}, "command": ["run_engine", "--once"], "patience": 60}
        for point in faults.BEATS
        for n in (1, 2, 3)
        for _twice in range(2)
    ]
    dice.shuffle(orders)

    ends = rigs.storm(slots[:1], orders)
    for _n in range(2):
        slots[0].run({"plan": {}, "command": ["run_engine", "--once"], "patience": 60})

    assert {e["signal"] for e in ends} == {signal.SIGKILL}
    assert StageTransition.objects.count() == 5
    assert Enrollment.objects.count() == 10
    entered = Decision.objects.filter(verdict=Decision.Verdict.ENTERED)
    assert entered.count() == len(set(entered.values_list("enrollment_id", flat=True)))
    assert Message.objects.count() == len(set(Message.objects.values_list("key", flat=True)))
