"""I6 to I9: one open stage, no gap and no overlap, all or nothing, and a pure judgement."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from journeys import clock, db, engine, lifecycle
from journeys.lifecycle import HandRefused
from journeys.lifecycle.history import flaws, history
from journeys.models import (
    CriterionState,
    Decision,
    Heard,
    LifecycleVersion,
    NextScenario,
    StageTransition,
    Subscription,
)
from journeys.publishing import publish_lifecycle
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

MONDAY = at("2026-05-11T12:00")
TUESDAY = at("2026-05-12T12:00")
ROOMS = Path(__file__).resolve().parents[3] / "journeys"


def every_flaw() -> list[str]:
    """What is wrong with any history in the database, or with where its contract stands (I7)."""
    found = []
    ways = history(Subscription.objects.values_list("pk", flat=True))
    for contract_ in Subscription.objects.select_related("stage"):
        steps = ways.get(contract_.pk, [])
        found += flaws(steps)
        stands = contract_.stage.key if contract_.stage else None
        if stands != (steps[-1].move.to_stage if steps else None):
            found.append(f"{contract_} stands elsewhere than its last move led")
        if steps and contract_.stage_entered_at != steps[-1].effective_at:
            found.append(f"{contract_} entered its stage at another moment than its last move")
    return found


# --- I6 ---------------------------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_i6_fifty_concurrent_transitions_leave_one_open_stage_each() -> None:
    """Twenty-five engines without their lock, and twenty-five people who move by hand."""
    cast.open_vendor()
    people = [customer(f"c{n}") for n in range(5)]
    for who in people:
        happened(who, "goal.set", at("2026-05-11T09:40"))
    contracts = [contract(who) for who in people]
    barrier = Barrier(50)

    def run(number: int) -> None:
        try:
            barrier.wait()
            if number % 2:
                with transaction.atomic():
                    lifecycle.advance(MONDAY)
                return
            # refused when somebody was faster, or the contract had not begun yet
            with suppress(HandRefused):
                lifecycle.move_by_hand(
                    subscription=contracts[number % 5], to="settle", by=None, reason="x", now=MONDAY
                )
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(run, range(50)))

    assert every_flaw() == []
    moved = StageTransition.objects.order_by("subscription", "seq").values_list(
        "to_stage", flat=True
    )
    assert list(moved) == ["begin", "settle"] * 5


# --- I7 ---------------------------------------------------------------------------------------------
def _walk(rng: random.Random, keys: list[str]) -> None:
    """A fortnight at random: facts, late and in order, people, new versions, ticks."""
    people = {key: customer(key) for key in keys}
    document = lifecycle_document()
    for hour in range(40):
        now = at(f"2026-05-{12 + hour // 4:02}T{10 + hour % 4:02}:00")
        who = people[rng.choice(keys)]
        late = at(f"2026-05-{rng.randint(11, 11 + hour // 4):02}T09:{rng.randint(0, 59):02}")
        match rng.randint(0, 7):
            case 0 | 1:
                happened(who, "goal.set", late)
            case 2 | 3:
                happened(who, "app.used", late)
            case 4:
                _by_hand(rng, contract(who), now)
            case 5:
                limit = f"{rng.randint(1, 9)}bd"
                document["stages"][0]["limit"] = limit
                old = contract(who).version
                new, _made = publish_lifecycle(document, now)
                if old is not None and old != new:
                    lifecycle.reroute(
                        old=old, new=new, stage_map={}, by=None, reason=limit, now=now
                    )
        engine.tick(now)


def _by_hand(rng: random.Random, one: Subscription, now: Any) -> None:
    try:
        if one.manual_until_released:
            lifecycle.release(subscription=one, by=None, reason="x", now=now)
        else:
            to = rng.choice(["begin", "settle", "done"])
            lifecycle.move_by_hand(subscription=one, to=to, by=None, reason="x", now=now)
    except HandRefused:
        pass


def lifecycle_document() -> dict[str, Any]:
    found: dict[str, Any] = LifecycleVersion.objects.latest("number").document
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_i7_no_history_has_an_overlap_or_a_gap_whatever_happens(seed: int) -> None:
    cast.open_vendor()

    _walk(random.Random(seed), ["a", "b", "c"])  # noqa: S311 -- a walk, no secret

    causes = set(StageTransition.objects.values_list("cause", flat=True))
    assert every_flaw() == []
    assert {"start", "criteria", "manual"} <= causes


@pytest.mark.django_db
def test_i7_the_checker_sees_a_gap_an_overlap_and_a_contract_that_stands_elsewhere() -> None:
    cast.open_vendor()
    who = customer("a")
    happened(who, "goal.set", at("2026-05-11T09:40"))
    engine.tick(MONDAY)
    moves = StageTransition.objects.filter(seq=2)

    moves.update(from_stage="nowhere")
    assert len(every_flaw()) == 1
    moves.update(from_stage="begin", effective_at=at("2026-05-01T00:00"))
    assert len(every_flaw()) == 2
    moves.update(effective_at=at("2026-05-11T09:40"), seq=3)
    assert len(every_flaw()) == 1
    moves = StageTransition.objects.filter(seq=3)
    moves.delete()
    assert len(every_flaw()) == 2


# --- I8 ---------------------------------------------------------------------------------------------
NOUNS = (Subscription, StageTransition, CriterionState, Decision, NextScenario, Heard)


def rows() -> list[list[Any]]:
    """Everything the beat writes, but what is drawn anew each time."""
    return [
        [{k: v for k, v in row.items() if k not in ("id", "uid")} for row in noun.objects.order_by("pk").values()]
        for noun in NOUNS
    ]  # fmt: skip


class Broken(Exception):
    pass


@contextmanager
def failing_at(number: int) -> Iterator[list[int]]:
    """The number-th statement that writes fails; yields how many were tried."""
    tried = [0]

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.match(r"\s*(INSERT|UPDATE|DELETE)", sql):
            tried[0] += 1
            if tried[0] == number:
                raise Broken
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield tried


@pytest.mark.django_db(transaction=True)
def test_i8_a_beat_that_breaks_at_any_write_leaves_nothing_of_itself() -> None:
    """Fail at the first write, at the second … until it passes; then it is as if never broken."""
    cast.open_vendor(file="criteria.yaml")
    who = customer("a", roles=("lead",))
    engine.tick(at("2026-05-11T09:05"))
    happened(who, "kickoff.held", at("2026-05-11T10:00"))
    happened(who, "app.used", at("2026-05-11T11:00"))
    happened(who, "deliverable.changed", at("2026-05-11T11:00"), deliverable="sheet", state="done")
    before = rows()
    number = 0
    while True:
        number += 1
        with failing_at(number) as tried:
            try:
                db.in_one_piece(lifecycle.advance, MONDAY)
            except Broken:
                assert rows() == before, f"broken at write {number}"
                continue
        if tried[0] < number:
            break

    assert number > 6
    assert stage_of(who) == "use"
    assert every_flaw() == []


# --- I9 ---------------------------------------------------------------------------------------------
def _verdicts() -> list[Any]:
    moves = StageTransition.objects.order_by("subscription", "pk")
    return [
        list(moves.values_list("to_stage", "effective_at", "decided_at", "evidence", "due_on")),
        list(CriterionState.objects.order_by("subscription", "criterion").values_list("met_at")),
    ]


@pytest.mark.django_db
def test_i9_the_same_snapshot_gives_the_same_answer_and_the_clock_is_not_read(monkeypatch) -> None:
    cast.open_vendor()
    for key in ("a", "b"):
        who = customer(key)
        happened(who, "goal.set", at("2026-05-11T09:40"))
        happened(who, "app.used", at("2026-05-11T09:50"))

    def unread() -> None:
        raise AssertionError("the engine read the clock")

    monkeypatch.setattr(timezone, "now", unread)
    monkeypatch.setattr(clock, "now", unread)
    answers = []
    for _again in range(2):
        point = transaction.savepoint()
        with CaptureQueriesContext(connection) as asked:
            lifecycle.advance(MONDAY)
        answers.append(_verdicts())
        transaction.savepoint_rollback(point)

    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 4
    said = " ".join(query["sql"].lower() for query in asked)
    for word in ("now()", "current_timestamp", "random(", "clock_timestamp", "'now'"):
        assert word not in said


IMPURE = {"random", "secrets", "time"}


def test_i9_nothing_in_the_judging_rooms_draws_lots_or_looks_at_the_time() -> None:
    files = [path for room in ("lifecycle", "conditions") for path in (ROOMS / room).rglob("*.py")]
    found = []
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Attribute) and node.attr in ("today", "utcnow"):
                names = ["time"]
            if IMPURE & set(names):
                found.append(f"{path.name}: {names}")
    assert len(files) > 20
    assert found == []
