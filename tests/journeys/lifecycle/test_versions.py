"""A new version of a route: whom it would move, and moving them with history and state (R1, R105)."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import engine, lifecycle
from journeys.lifecycle import RerouteRefused
from journeys.lifecycle.history import flaws, history
from journeys.models import (
    CriterionState,
    Decision,
    LifecycleVersion,
    Stage,
    StageTransition,
    Subscription,
)
from journeys.publishing import publish_lifecycle
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

pytestmark = pytest.mark.django_db

MONDAY = at("2026-05-11T12:00")
TUESDAY = at("2026-05-12T12:00")
WEDNESDAY = at("2026-05-13T12:00")


@pytest.fixture(autouse=True)
def vendor() -> None:
    cast.open_vendor()


def version(number: int) -> LifecycleVersion:
    return LifecycleVersion.objects.get(number=number)


def second(**stages: Any) -> LifecycleVersion:
    """A second version: stages put in after a key, or put in the place of one."""
    document = copy.deepcopy(version(1).document)
    route = document["stages"]
    for key, change in stages.items():
        where = next(n for n, stage in enumerate(route) if stage["key"] == key)
        route[where : where + 1] = change(route[where])
    return publish_lifecycle(document, TUESDAY)[0]


def inserted(stage: dict[str, Any]) -> list[dict[str, Any]]:
    """A stage of its own between this one and the next."""
    middle = stage | {
        "key": "trial",
        "name": "試行",
        "exit": {"criteria": [{"key": "tried", "label": "試す", "when": {"event": {"name": "app.tried"}}}]},
    }  # fmt: skip
    return [stage, middle]


def renamed(stage: dict[str, Any]) -> list[dict[str, Any]]:
    return [stage | {"key": "fresh"}]


def easier(stage: dict[str, Any]) -> list[dict[str, Any]]:
    """One use is enough to leave."""
    when = {"event": {"name": "app.used"}}
    return [stage | {"exit": {"criteria": [{"key": "used", "label": "1回使う", "when": when}]}}]


def move(new: LifecycleVersion, **stage_map: str) -> int:
    return lifecycle.reroute(
        old=version(1), new=new, stage_map=stage_map, by=None, reason="改訂", now=TUESDAY
    )


def test_publishing_a_version_moves_nobody() -> None:
    who = customer("hana")
    engine.tick(MONDAY)

    second(begin=inserted)
    engine.tick(WEDNESDAY)

    assert contract(who).version == version(1)


def test_r1_a_stage_inserted_midway_keeps_everybodys_history_and_state() -> None:
    early, later = customer("early"), customer("later")
    happened(later, "goal.set", at("2026-05-11T09:40"))
    engine.tick(MONDAY)
    before = {one.pk: history([one.pk])[one.pk] for one in map(contract, (early, later))}
    met = list(CriterionState.objects.values_list("subscription", "criterion__key", "met_at"))

    assert move(second(begin=inserted)) == 2

    for who, stage in ((early, "begin"), (later, "settle")):
        now = contract(who)
        assert (stage_of(who), now.version) == (stage, version(2))
        assert now.stage == version(2).stages.get(key=stage)
        assert [s.effective_at for s in history([now.pk])[now.pk]] == [
            s.effective_at for s in before[now.pk]
        ]
    assert (
        list(CriterionState.objects.values_list("subscription", "criterion__key", "met_at")) == met
    )
    assert set(CriterionState.objects.values_list("criterion__stage__version", flat=True)) == {
        version(2).pk
    }
    happened(early, "goal.set", at("2026-05-12T13:00"))
    engine.tick(WEDNESDAY)
    assert stage_of(early) == "trial"
    assert flaws(history([contract(early).pk])[contract(early).pk]) == []


def test_a_deadline_that_was_promised_stays_when_the_stage_stays() -> None:
    who = customer("hana")
    engine.tick(MONDAY)
    lifecycle.extend(
        subscription=contract(who), until=date(2026, 5, 25), by=None, reason="連休", now=MONDAY
    )

    move(second(begin=lambda stage: [stage | {"limit": "1bd"}]))

    assert contract(who).stage_due_on == date(2026, 5, 25)
    assert contract(who).original_due_on == date(2026, 5, 18)


def test_a_stage_with_another_key_is_entered_by_a_row_that_says_why() -> None:
    who = customer("hana")
    engine.tick(MONDAY)

    move(second(begin=renamed), begin="fresh")

    row = StageTransition.objects.get(cause="version")
    assert (row.from_stage, row.to_stage, row.effective_at, row.note, row.seq) == (
        "begin", "fresh", TUESDAY, "改訂", 2,
    )  # fmt: skip
    assert contract(who).stage == Stage.objects.get(key="fresh")
    assert CriterionState.objects.count() == 0


def test_what_was_met_stays_met_under_the_new_key_of_its_stage() -> None:
    who = customer("hana")
    engine.tick(MONDAY)
    lifecycle.hold(subscription=contract(who), by=None, reason="待つ", now=MONDAY)
    happened(who, "goal.set", at("2026-05-11T13:00"))
    engine.tick(at("2026-05-11T14:00"))

    move(second(begin=renamed), begin="fresh")

    state = CriterionState.objects.get()
    assert (state.criterion.stage.key, state.met_at) == ("fresh", at("2026-05-11T13:00"))


def test_the_move_is_on_record_for_each_contract() -> None:
    customer("hana")
    engine.tick(MONDAY)

    move(second(begin=renamed), begin="fresh")

    why = Decision.objects.get(verdict="rerouted")
    assert (why.reason, why.rule) == ("by_hand", "v1 → v2")
    assert why.evidence == {"was": "begin", "is": "fresh", "by": "", "user": None, "note": "改訂"}


def test_a_stage_without_a_place_in_the_new_version_is_refused_and_nothing_moves() -> None:
    who = customer("hana")
    engine.tick(MONDAY)
    new = second(begin=renamed)

    with pytest.raises(RerouteRefused, match="はじめ"):
        move(new)

    assert contract(who).version == version(1)


def test_the_preview_says_who_would_move_on_at_once_and_changes_nothing() -> None:
    for key, uses in (("a", 0), ("b", 1), ("c", 2)):
        who = customer(key)
        happened(who, "goal.set", at("2026-05-11T09:40"))
        for _use in range(uses):
            happened(who, "app.used", at("2026-05-11T09:50"))
    customer("d")
    engine.tick(MONDAY)
    new = second(settle=easier)

    found = lifecycle.transfers(version(1), new, {}, TUESDAY)

    assert [(t.old.key, t.new and t.new.key, t.count, t.at_once, t.names) for t in found] == [
        ("begin", "begin", 1, 0, ()),
        ("settle", "settle", 3, 2, ("株式会社b", "株式会社c")),
    ]
    assert set(Subscription.objects.values_list("version__number", flat=True)) == {1}
    move(new)
    engine.tick(WEDNESDAY)
    assert Subscription.objects.filter(stage__key="done").count() == 2


def test_moving_costs_the_same_statements_for_one_and_for_many() -> None:
    new = second(begin=renamed)
    costs = set()
    for n in (1, 3, 60):
        for i in range(n):
            customer(f"c{n}-{i:02}")
        engine.tick(TUESDAY)
        Subscription.objects.update(version=version(1), stage=version(1).stages.get(key="begin"))
        with CaptureQueriesContext(connection) as asked:
            move(new, begin="fresh")
        costs.add(len(asked))
    assert len(costs) == 1
