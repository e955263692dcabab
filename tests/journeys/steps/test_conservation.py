"""I12: steps due = sent + skipped(reason) + failed(reason) + pending + unknown, whatever happens."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from journeys import engine, permission
from journeys.enrollments import resume
from journeys.models import Contact, Decision, Enrollment, Message, Pause, Subscription
from journeys.steps.conservation import ACCOUNTS, Balance, balance
from tests import authoring
from tests.authoring import journey, tick
from tests.cast import CONTRACT_DAY, customer, customers, happened

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
STEPS: list[dict[str, Any]] = [
    {"id": "m1", "email": "hello", "skip_if": USED, "expires_after": "2d"},
    {"id": "n1", "nudge": "hint", "until": USED},
    {"id": "w", "wait": "1d"},
    {"id": "u", "wait_until": USED, "timeout": "2d",
     "on_timeout": [{"id": "m2", "email": "again", "wait_for": "nothing"}]},
    {"id": "m3", "email": "hello", "at_once": True},
    {"id": "a", "assign": "kiso"},
    {"id": "m4", "email": "again"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


def test_every_state_of_a_message_belongs_to_one_account() -> None:
    states = [state for of in ACCOUNTS.values() for state in of]
    assert sorted(states) == sorted(Message.State)


def test_i12_nothing_is_lost_in_a_month_of_everything() -> None:
    """Goals, stops, pauses, people helping, ended contracts, held-out customers, in any order."""
    dice = random.Random(12)  # noqa: S311 -- a story, not a secret
    journey(*STEPS, goal={"event": {"name": "goal.set"}}, holdout=20, reentry={"after": "5d"})
    journey(*STEPS, key="k", subject="account", to={"role": "admin"}, priority=10)
    customers(8)
    people = [Contact.objects.get(user_id=f"c{n:03}-1") for n in range(8)]
    moment = CONTRACT_DAY
    for _hour in range(60):
        moment += timedelta(hours=dice.choice([1, 2, 5, 13]))
        _something(dice, dice.choice(people), moment)
        tick(moment)
        assert balance().holds, (moment, balance())

    end = balance()
    assert min(end.sent, end.skipped) > 5
    assert end.due == end.sent + end.skipped + end.failed + end.pending + end.unknown


def _something(dice: random.Random, contact: Any, moment: Any) -> None:
    subscription = Subscription.objects.filter(account=contact.account)
    match dice.randrange(8):
        case 0:
            happened(contact, "app.used", moment)
        case 1:
            happened(contact, "goal.set", moment)
        case 2:
            permission.stop(contact.person, "start", "test", moment)
        case 3:
            subscription.update(path=dice.choice(["on", "off", "hold"]))
        case 4 if dice.random() < 0.2:
            subscription.update(ended_at=moment)
        case 5:
            permission.pause(Pause.Scope.JOURNEY, "j", moment, by=None)
        case 6:
            overdue = dice.choice(list(Pause.Overdue))
            resume(scope=Pause.Scope.JOURNEY, ref="j", now=moment, overdue=overdue)


def test_a_lost_letter_a_doubled_one_and_one_without_reason_are_found() -> None:
    journey({"id": "m", "email": "hello"}, {"id": "rest", "wait": "9d"})
    customer("hana")
    engine.tick(CONTRACT_DAY)
    assert balance() == Balance(due=1, pending=1)
    letter = Message.objects.get()

    Message.objects.update(state="skipped")
    assert balance().without_reason == 1
    assert balance().lost == [str(Enrollment.objects.get())]  # nobody wakes it
    Message.objects.filter().delete()
    assert not balance().holds
    assert len(balance().lost) == 1
    letter.pk = None
    letter.save()
    Decision.objects.all().delete()
    assert not balance().holds
