"""I17: running any task again, any number of times, in any order, adds no effect."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from journeys import db, engine, enrollments, lifecycle, plays, steps, webhooks
from journeys.messages import arbitration, delivery
from journeys.models import (
    Assignment,
    Contact,
    Decision,
    Enrollment,
    Event,
    Message,
    StageTransition,
    TraitChange,
)
from tests import authoring
from tests.authoring import journey
from tests.cast import at, customers, happened

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
STEPS: list[dict[str, Any]] = [
    {"id": "s", "set": {"mark": 1}}, {"id": "m", "email": "hello", "at_once": True},
    {"id": "n", "nudge": "hint", "until": USED}, {"id": "a", "assign": "kiso"},
    {"id": "u", "wait_until": USED, "timeout": "2h"}, {"id": "m2", "email": "again"},
]  # fmt: skip
MOMENTS = ("2026-05-11T09:30", "2026-05-11T10:00", "2026-05-11T12:00", "2026-05-11T15:00")


def beat(verb: Callable[[datetime], Any]) -> Callable[[datetime], Any]:
    return lambda now: db.in_one_piece(verb, now)


TASKS: list[Callable[[datetime], Any]] = [
    beat(lifecycle.advance), beat(enrollments.leave), beat(enrollments.enter), steps.run_due,
    plays.settle, arbitration.plan, webhooks.collect, delivery.send_due, delivery.reconcile,
    lambda now: engine.tick(now, again=True),
]  # fmt: skip


def effects() -> dict[str, Any]:
    """Everything the story has brought about, without row ids and uids."""
    return {
        "mails": Counter((m.to[0], m.subject) for m in mail.outbox),
        "messages": Counter(Message.objects.values_list("key", "state", "reason")),
        "runs": Counter(
            Enrollment.objects.values_list("subject_key", "run", "step_id", "status", "due_at")
        ),
        "ledger": Counter(
            Decision.objects.values_list("account_id", "at", "step_id", "verdict", "reason")
        ),
        "assigned": Counter(Assignment.objects.values_list("key", "due_on")),
        "facts": Counter(Event.objects.values_list("name", "account_id")),
        "traits": Counter(TraitChange.objects.values_list("name", "subject_id")),
        "stages": Counter(StageTransition.objects.values_list("subscription_id", "to_stage")),
    }


def story(again: random.Random | None) -> dict[str, Any]:
    """A working day; with dice, each task two or three times more in any order after each moment."""
    authoring.vendor()
    journey(*STEPS, reentry={"after": "30d"})
    customers(4)
    for number, moment in enumerate(MOMENTS):
        now = at(moment)
        for n in range(number):
            happened(Contact.objects.get(user_id=f"c{n:03}-1"), "app.used", now)
        for _pass in range(3):
            engine.tick(now)
            delivery.send_due(now)
        if again is not None:
            tasks = [task for task in TASKS for _time in range(again.choice((2, 3)))]
            again.shuffle(tasks)
            for task in tasks:
                task(now)
    return effects()


def told_in_a_world_of_its_own(again: random.Random | None) -> dict[str, Any]:
    mail.outbox.clear()
    world = transaction.savepoint()
    found = story(again)
    transaction.savepoint_rollback(world)
    # Ids go on counting in a rolled-back world: rank them.
    return {
        "sizes": {name: sorted(rows.values()) for name, rows in found.items()},
        "mails": found["mails"],
        "said": Counter((key[1], key[2]) for key in found["messages"].elements()),
        "why": Counter(key[1:] for key in found["ledger"].elements()),
    }


def test_i17_each_task_two_or_three_times_shuffled_adds_no_effect() -> None:
    once = told_in_a_world_of_its_own(None)
    assert sum(once["mails"].values()) >= 4

    for seed in range(4):
        again = told_in_a_world_of_its_own(random.Random(seed))  # noqa: S311 -- dice, no secret
        assert again == once, f"seed {seed}"


def test_i17_the_tasks_in_any_order_alone_come_to_the_same_end() -> None:
    """Without a tick to lead them, the beats of one moment find each other's rows."""
    once = told_in_a_world_of_its_own(None)

    for seed in range(3):
        dice = random.Random(seed)  # noqa: S311 -- dice, no secret
        mail.outbox.clear()
        world = transaction.savepoint()
        authoring.vendor()
        journey(*STEPS, reentry={"after": "30d"})
        customers(4)
        for number, moment in enumerate(MOMENTS):
            for n in range(number):
                contact = Contact.objects.get(user_id=f"c{n:03}-1")
                happened(contact, "app.used", at(moment))
            for _round in range(8):
                for task in dice.sample(TASKS[:-1], len(TASKS) - 1):
                    task(at(moment))
        mails = Counter((m.to[0], m.subject) for m in mail.outbox)
        transaction.savepoint_rollback(world)
        assert mails == once["mails"], f"seed {seed}"
