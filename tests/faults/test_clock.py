"""Clocks that jump: the database's, between every two steps of a message's way (I14).

In one transaction, as one connection sees it: a jump concerns leases, not locks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from journeys.faults import POINTS
from journeys.messages import claim, delivery, fence, handing, preparing
from journeys.models import Message
from tests.faults import rig as rigs
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.slow, pytest.mark.django_db]
JUMPS = ("1 s", "-1 s", "1 h", "-1 h", "30 d", "-30 d")
SHIM = """
CREATE SCHEMA shim;
CREATE TABLE shim.jump AS SELECT interval '0' AS by;
CREATE FUNCTION shim.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  'SELECT pg_catalog.clock_timestamp() + by FROM shim.jump';
CREATE FUNCTION shim.statement_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  'SELECT pg_catalog.statement_timestamp() + by FROM shim.jump';
SET search_path = shim, public, pg_catalog;
"""


@pytest.fixture
def shim() -> Iterator[None]:
    """The database's clock with a jump of ours in it, in front of the real one."""
    with connection.cursor() as cursor:
        cursor.execute(SHIM)
        try:
            yield
        finally:
            cursor.execute("RESET search_path; DROP SCHEMA shim CASCADE")


def jump(by: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shim.jump SET by = %s::interval", [by])


@pytest.mark.parametrize("seed", range(rigs.scale(12)))
def test_i11_i14_the_databases_clock_jumps_between_every_two_steps(
    seed: int, shim: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """±1 s, ±1 h, ±30 d: nothing before its time, nothing twice, nothing lost."""
    dice = random.Random(seed)  # noqa: S311 -- to be replayed
    passed: list[str] = []

    def leap(point: str) -> None:
        passed.append(point)
        jump(dice.choice(JUMPS))

    for room in (claim, preparing, delivery, fence, handing):
        monkeypatch.setattr(room, "faultpoint", leap)
    letter = world.template()
    for _n in range(6):
        world.message(world.customer(), letter)
    early = world.message(world.customer(), letter, due_at=NOW + timedelta(hours=1))

    for _n in range(4):
        delivery.send_due(NOW)
    early.refresh_from_db()
    assert (early.state, early.attempts) == ("planned", 0)

    jump("0")
    for _n in range(40):  # leases that were given in a far future run out there
        jump(f"{_n * 2} d")
        delivery.send_due(NOW)
        delivery.reconcile(NOW)
    sent = [str(m.extra_headers["Message-ID"]) for m in mail.outbox]
    states = set(Message.objects.exclude(pk=early.pk).values_list("state", flat=True))

    assert set(POINTS) <= set(passed)
    assert len(sent) == len(set(sent))
    # A leap may make an answer come too late to be believed; it never makes a second mail.
    assert states <= {"accepted", "uncertain"}
    assert len(sent) == 6
