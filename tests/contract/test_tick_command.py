"""`manage.py tick` word for word (contracts 3)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from journeys import clock
from journeys.models import Message, StageTransition, Subscription
from journeys.publishing import publish_lifecycle
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

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


def test_near_the_doors_clock_one_pass_of_the_sender_follows_the_beats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast.open_vendor()
    hana = customer("hana")
    tick("--at", "2026-05-11T09:30:00+09:00")
    monkeypatch.setattr(clock, "now", lambda: at("2026-05-11T10:09"))

    found = tick("--at", "2026-05-11T10:00:00+09:00")

    assert (found["planned"], found["handed"]) == (1, 1)
    assert Message.objects.get(contact=hana, step_id="hello").state == "accepted"


def test_eleven_minutes_from_the_doors_clock_nothing_is_handed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast.open_vendor()
    customer("hana")
    tick("--at", "2026-05-11T09:30:00+09:00")
    monkeypatch.setattr(clock, "now", lambda: at("2026-05-11T10:11"))

    found = tick("--at", "2026-05-11T10:00:00+09:00")

    assert (found["planned"], found["handed"]) == (1, 0)


def test_started_on_where_given_wins_over_known_since() -> None:
    cast.open_vendor(at("2026-05-01T09:00"), "learners.yaml")
    named = {"subscriptions": [{"product": "aaa", "started_on": "2026-05-04"}]}
    group = {"type": "group", "groupId": "g", "userId": "u", "traits": named}
    track = {"type": "track", "userId": "u", "context": {"groupId": "g"}, "event": "early"}
    cast.say(at("2026-05-11T09:00"), track, group)

    tick("--at", "2026-05-11T12:00:00+09:00")

    assert StageTransition.objects.get().effective_at == at("2026-05-04T00:00")


def test_the_first_stage_is_entered_at_the_first_tick_at_or_after_the_start() -> None:
    cast.open_vendor()
    hana = customer("hana", at("2026-05-12T08:00"))

    before = tick("--at", "2026-05-11T23:59:59+09:00")
    assert (before["advanced"], contract(hana).stage) == (0, None)
    there = tick("--at", "2026-05-12T00:00:00+09:00")

    assert there["advanced"] == 1
    move = StageTransition.objects.get()
    assert (move.to_stage, move.effective_at) == ("begin", at("2026-05-12T00:00"))


def test_definitions_count_as_applied_today_whatever_t() -> None:
    """The bundle was applied a month after the moment that is asked for."""
    cast.open_vendor(at("2026-06-11T09:00"))
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-11T09:10"))

    tick("--at", "2026-05-11T09:30:00+09:00")

    assert stage_of(hana) == "settle"


def test_one_tick_passes_every_stage_whose_criteria_are_met_one_row_each() -> None:
    cast.open_vendor()
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-11T09:05"))
    for minute in (6, 7, 8):
        happened(hana, "app.used", at(f"2026-05-11T09:0{minute}"))

    found = tick("--at", "2026-05-11T09:30:00+09:00")

    assert found["advanced"] == 3
    moves = StageTransition.objects.order_by("seq").values_list("to_stage", "effective_at")
    assert list(moves) == [
        ("begin", at("2026-05-11T00:00")),
        ("settle", at("2026-05-11T09:05")),
        ("done", at("2026-05-11T09:08")),
    ]


def test_a_late_earlier_fact_moves_effective_at_back_by_a_correction_row() -> None:
    cast.open_vendor()
    hana = customer("hana")
    happened(hana, "goal.set", at("2026-05-12T09:00"))
    tick("--at", "2026-05-12T12:00:00+09:00")

    happened(hana, "goal.set", at("2026-05-11T09:00"))
    tick("--at", "2026-05-12T12:00:00+09:00")

    rows = StageTransition.objects.filter(seq=2).order_by("pk").values_list("effective_at", "cause")
    assert list(rows) == [
        (at("2026-05-12T09:00"), "criteria"),
        (at("2026-05-11T09:00"), "correction"),
    ]


def test_late_news_never_moves_a_stage_back_and_unsays_nothing() -> None:
    """A plan that was pro for a day; later it turns out that it had been given up before."""
    document = {
        "key": "route", "product": "app", "name": "順路",
        "stages": [
            {
                "key": "a", "name": "A", "goal": "g", "definition": "d", "customer_does": "c",
                "exit": {"criteria": [{
                    "key": "pro", "label": "Pro",
                    "when": {"trait": {"of": "account", "name": "plan", "eq": "pro"}},
                }]},
            },
            {"key": "b", "name": "B"},
        ],
    }  # fmt: skip
    cast.open_vendor()
    publish_lifecycle(document, at("2026-05-11T08:00"))
    hana = customer("hana")
    group = {"type": "group", "groupId": "hana", "userId": "hana-1"}
    cast.say(at("2026-05-11T10:00"), group | {"traits": {"plan": "pro"}})
    tick("--at", "2026-05-12T12:00:00+09:00")
    said = list(Message.objects.order_by("pk").values_list("key", "state"))

    cast.say(at("2026-05-11T09:30"), group | {"traits": {"plan": "free"}})
    cast.say(at("2026-05-11T10:00"), group | {"traits": {"plan": "free"}})
    tick("--at", "2026-05-12T13:00:00+09:00")

    assert stage_of(hana) == "b"
    assert list(Message.objects.order_by("pk").values_list("key", "state")) == said
