"""Several senders and several colleagues at once: once is once (PostgreSQL)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection

from journeys import db, engine, lifecycle, plays, webhooks
from journeys.models import Decision, PlayTask, User, WebhookDelivery
from tests.cast import SLOT, at, contract, customer
from tests.journeys.plays.world import USED, publish

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Do all of it in threads with connections of their own; what each gave or raised."""

    def closing(one: Callable[[], Any]) -> Any:
        try:
            return one()
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(closing, work))


def test_many_senders_deliver_each_delivery_once(begin, receiver):
    endpoint, _secret = begin()
    for _n in range(60):
        webhooks.send_test(endpoint, SLOT)

    sent = at_once(*[lambda: webhooks.send_due(SLOT)] * 4)

    assert sum(one.accepted for one in sent) == 60
    assert set(Counter(post.id for post in receiver.posts).values()) == {1}
    assert set(WebhookDelivery.objects.values_list("state", "attempts")) == {("accepted", 1)}


def test_many_collectors_write_each_event_once(begin, receiver):
    begin("stage.changed")
    for n in range(20):
        customer(f"c{n}")

    db.in_one_piece(lifecycle.advance, SLOT)

    written = at_once(*[lambda: webhooks.collect(SLOT)] * 4)

    assert (sum(written), WebhookDelivery.objects.count()) == (20, 20)


@pytest.mark.parametrize("_round", range(5))
def test_a_task_ends_once_however_many_end_it(vendor, _round):
    """Two colleagues and the beat."""
    publish({"id": "call", "task": "call", "return_when": USED})
    hana = customer("hana")
    engine.tick(at("2026-05-11T09:30"))
    task = PlayTask.objects.get()
    one, other = (User.objects.create_user(f"{n}@vendor.example", is_staff=True) for n in "ab")
    PlayTask.objects.update(return_when={"stage": {"is": "begin"}})

    answers = at_once(
        lambda: plays.finish(task, SLOT, one),
        lambda: plays.finish(task, SLOT, other),
        lambda: plays.settle(SLOT),
    )

    ends = Decision.objects.filter(verdict__in=("done", "returned", "cancelled"))
    assert (ends.count(), contract(hana).path) == (1, "on")
    unexpected = [a for a in answers if isinstance(a, Exception)]
    assert all(isinstance(a, plays.AlreadyClosed) for a in unexpected)


def test_a_hand_off_that_begins_while_another_ends_keeps_the_contract_off_the_route(vendor):
    """What is asked is asked after the contract is locked."""
    publish({"id": "call", "task": "call", "return_when": USED})
    hana = customer("hana")
    engine.tick(at("2026-05-11T09:30"))
    boss = User.objects.create_user("boss@vendor.example", is_staff=True)
    for _round in range(10):
        task = PlayTask.objects.filter(state="open").get()
        sub = contract(hana)
        answers = at_once(
            partial(plays.finish, task, SLOT, boss),
            partial(
                plays.hand_off, subscription=sub, play=task.play, now=SLOT, why="もう一度",
                return_when=USED,
            ),
        )  # fmt: skip
        assert not [a for a in answers if isinstance(a, Exception)]
        assert contract(hana).path == "off"
