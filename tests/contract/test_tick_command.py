"""`manage.py tick` word for word (contracts 3)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from journeys.models import Message, StageTransition, Subscription
from tests import cast
from tests.cast import at, customer

pytestmark = pytest.mark.django_db


def tick(*args: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("tick", "--format", "json", *args, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_json_has_exactly_the_promised_fields() -> None:
    cast.open_vendor()
    customer("hana")

    found = tick("--at", "2026-05-11T09:30:00+09:00")

    assert list(found) == [
        "at", "entered", "advanced", "stepped", "planned", "handed", "took_ms",
    ]  # fmt: skip
    assert (found["entered"], found["advanced"], found["handed"]) == (2, 1, 0)


def test_a_tick_of_another_time_leaves_messages_planned() -> None:
    cast.open_vendor()
    hana = customer("hana")
    tick("--at", "2026-05-11T09:30:00+09:00")

    tick("--at", "2026-05-11T10:00:00+09:00")

    hello = Message.objects.get(contact=hana, step_id="hello")
    assert (hello.state, hello.handed_at) == ("planned", None)


def test_it_refuses_to_go_back_unless_again() -> None:
    tick("--at", "2026-05-11T10:00:00+09:00")

    with pytest.raises(CommandError) as refused:
        tick("--at", "2026-05-11T09:00:00+09:00")
    tick("--at", "2026-05-11T09:00:00+09:00", "--again")

    assert refused.value.returncode == 2


@pytest.mark.parametrize("text", ["2026-05-11T10:00", "yesterday", "2026-02-30T10:00:00Z"])
def test_a_moment_needs_an_offset(text: str) -> None:
    with pytest.raises(CommandError, match=text):
        tick("--at", text)


def test_a_subscription_by_subscribe_starts_with_what_is_known_of_the_account() -> None:
    cast.open_vendor(at("2026-05-01T09:00"), "learners.yaml")
    cast.say(
        at("2026-05-11T09:00"),
        {"type": "track", "userId": "u", "context": {"groupId": "g"}, "event": "early"},
    )

    tick("--at", "2026-05-11T12:00:00+09:00")

    move = StageTransition.objects.get()
    assert (move.to_stage, move.effective_at) == ("arrive", at("2026-05-11T09:00"))
    assert Subscription.objects.get().stage_entered_at == at("2026-05-11T09:00")
