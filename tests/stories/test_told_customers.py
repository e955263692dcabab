"""AC1 to AC5 live their stories through the real engine; each is then as its file says (4.9).

What waits for LINE and for signals is listed in docs/scenarios.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Sum

from config.demo import seed, world
from config.demo.telling import DAYS
from journeys.models import (
    Decision,
    Enrollment,
    Event,
    Goal,
    Message,
    PlayTask,
    StageTransition,
    Subscription,
)
from journeys.yaml12 import read
from tests.cast import DATA

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TOLD = ("ac1-minato", "ac2-hokuto", "ac3-toto", "ac4-aoba", "ac5-hinode")
ONBOARDING = ("j1-onboarding", "j2-onboarding", "j1-celebrate")
TOKYO = ZoneInfo("Asia/Tokyo")


def test_each_told_customer_lives_as_its_story_says(tmp_path: Any, settings: Any) -> None:
    """R4-R13, R24-R33, R83, R84: stages, letters, reasons and tasks of five customers at once."""
    settings.DEBUG, settings.VAR_DIR = True, tmp_path
    seed.tell_only(TOLD)

    found = {key: lived(key, expected(key)) for key in TOLD}

    for key in TOLD:
        assert (key, found[key]) == (key, expected(key))


def expected(key: str) -> dict[str, Any]:
    document: dict[str, Any] = read((DATA / "stories" / f"{key}.yaml").read_text()).data
    return document


def lived(key: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What became of a customer, in the words of its file; only what the file asks about."""
    live = Subscription.objects.filter(
        account__external_id=key, ended_at=None, version__isnull=False
    )
    contracts = {c.product.key: c for c in live.select_related("product", "stage", "account")}
    mine = contracts["shimebi-invoice"]
    left = days_left(mine)
    begun = local(mine.started_at)
    answers: dict[str, Any] = {
        "left": left,
        "business_days": {
            stage: DAYS.between(datetime.fromisoformat(begun).date(), day_of(day))
            for stage, day in left.items()
        },
        "stands_in": {product: c.stage.key for product, c in sorted(contracts.items()) if c.stage},
        "onboarding_due": DAYS.add(datetime.fromisoformat(begun).date(), 45).isoformat(),
        "first_approval": first_approval(mine.account_id),
        "spoken": spoken(mine.account_id),
        "entered": entered(mine.account_id, asked.get("entered", {}), "entered_at"),
        "reached": entered(mine.account_id, asked.get("reached", {}), "left_at"),
        "letters": letters(mine.account_id, asked.get("letters", {})),
        "tasks": tasks(mine.account_id, asked["tasks"]),
        "minutes": minutes(mine.account_id),
        "goal": goal(mine),
    }
    return {name: answers[name] for name in asked}


def local(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(TOKYO).date().isoformat()


def day_of(text: str) -> Any:
    return datetime.fromisoformat(text).date()


def days_left(contract: Subscription) -> dict[str, str]:
    rows = StageTransition.objects.filter(subscription_id=contract.pk).exclude(from_stage="")
    return {row.from_stage: local(row.effective_at) for row in rows.order_by("effective_at", "pk")}


def first_approval(account: int) -> str | None:
    rows = Event.objects.filter(account=account, name="approval.made").order_by("occurred_at")
    first = rows.first()
    return local(first.occurred_at) if first else None


def spoken(account: int) -> dict[str, int]:
    """Letters and hints of onboarding; LINE is not set up, so its steps are not counted."""
    rows = Message.objects.filter(account_id=account, journey_key__in=ONBOARDING)
    rows = rows.exclude(channel="line")
    sent = rows.filter(state="accepted").count()
    sent += rows.filter(channel="nudge", shown_at__isnull=False).count()
    # A step whose asked-for thing is done when it is reached is left out without a message.
    at_the_step = Decision.objects.filter(
        account_id=account, journey_key__in=ONBOARDING, verdict="skipped", reason="already_done"
    )
    later = at_the_step.filter(message_id__isnull=False).count()
    left_out = at_the_step.count()
    return {
        "planned": rows.count() + left_out - later,
        "sent": sent,
        "already_done": left_out,
    }


def entered(account: int, asked: dict[str, str], moment: str) -> dict[str, str]:
    rows = Enrollment.objects.filter(account=account, journey__key__in=asked)
    return {
        e.journey.key: local(getattr(e, moment))
        for e in rows.select_related("journey").order_by("-entered_at")
    }


def letters(account: int, asked: dict[str, str]) -> dict[str, str]:
    rows = Message.objects.filter(account_id=account, step_id__in=asked, state="accepted")
    found = [(m.step_id, local(m.handed_at)) for m in rows.order_by("step_id")]
    assert len(found) == len(dict(found)), f"said twice: {found}"
    return dict(found)


def tasks(account: int, asked: list[dict[str, str]]) -> list[dict[str, str]]:
    rows = PlayTask.objects.filter(account=account).select_related("play").order_by("opened_at")
    found = []
    for n, task in enumerate(rows):
        said = {
            "play": task.play.key,
            "opened": local(task.opened_at),
            "due": task.due_on.isoformat(),
            "state": str(task.state),
        }
        if n < len(asked) and "closed" in asked[n]:
            said["closed"] = local(task.closed_at)
        found.append(said)
    return found


def minutes(account: int) -> int:
    return PlayTask.objects.filter(account=account).aggregate(n=Sum("minutes_spent"))["n"] or 0


def goal(contract: Subscription) -> list[float]:
    aim = Goal.objects.get(subscription=contract, replaced_at=None)
    reached = contract.traits.get("goals.attainment") or 0.0
    return [float(aim.baseline), float(aim.target), round(float(reached), 4)]


def test_the_stories_are_told_in_the_order_of_time_and_before_today() -> None:
    for key in TOLD:
        calls = world.story(world.HERE / "stories" / f"{key}.yaml")
        times = [call["at"] for call in calls]
        assert times == sorted(times)
        assert times[-1] < world.opening(world.TODAY) - timedelta(minutes=1)
