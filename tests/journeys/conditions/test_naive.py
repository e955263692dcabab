"""The compiled language against the same language told slowly, over random worlds and trees."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Case, IntegerField, When
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from journeys.conditions import Ask, compile, dump, parse, segments_given, since
from journeys.conditions.asking import one_of_kind
from journeys.conditions.memory import Memory
from journeys.timing import Days
from tests.journeys.conditions import populations, random_trees
from tests.journeys.conditions.world import NOW
from tests.naive import conditions as naive

pytestmark = pytest.mark.django_db
DAYS = Days()
MANY = int(os.environ.get("POPULATIONS", "40"))
TREES = int(os.environ.get("TREES", "50"))
quick = settings(
    # shrinking a world takes minutes: only when somebody hunts (POPULATIONS=500)
    phases=[p for p in Phase if p is not Phase.shrink or MANY > 40],
    max_examples=MANY, deadline=None, derandomize="POPULATIONS" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture,
                           HealthCheck.data_too_large],
)  # fmt: skip
kinds = st.sampled_from(("account", "contact", "subscription"))
known = st.sampled_from((None, None, NOW, NOW - timedelta(days=2)))


class _Undo(Exception):
    """Leaves the example's rows behind."""


def answers(raw: Any, kind: str, ask: Ask) -> dict[int, str]:
    """Everybody's verdict by the two predicates, which must never both hold."""
    subject, node = one_of_kind(kind), parse(raw, subject=kind)
    held = [
        Case(
            When(compile(node, want, ask, subject), then=1), default=0, output_field=IntegerField()
        )
        for want in (True, False)
    ]
    found = {}
    for pk, met, not_met in subject.every().values_list("pk", *held):
        assert not (met and not_met)
        found[pk] = "met" if met else "not_met" if not_met else "unknown"
    return found


def in_a_world(test: Any) -> Any:
    """Give the test rows that are gone when it ends."""

    def run(world: naive.World, *args: Any) -> None:
        given = populations.given_segments(world)
        try:
            with transaction.atomic(), segments_given(given):
                test(populations.Rows(world), world, *args)
                raise _Undo
        except _Undo:
            pass

    return run


@quick
@given(populations.worlds(), kinds, st.integers(0, 2**40), known)
def test_both_predicates_and_the_memory_say_what_the_naive_interpreter_says(
    world: naive.World, kind: str, seed: int, known_at: Any
):
    trees = [random_trees.tree(seed + number, kind) for number in range(TREES)]

    @in_a_world
    def compare(rows: populations.Rows, world: naive.World) -> None:
        ask = Ask(NOW, DAYS, known_at)
        for raw in trees:
            note(str(raw))
            expected = {
                rows.id_of[noun]: populations.said_of(
                    naive.judge(raw, who, world, naive.When(NOW, known_at, DAYS.is_open))
                )
                for noun, who in populations.subjects(world, kind).items()
            }
            assert answers(raw, kind, ask) == expected
            subject, node = one_of_kind(kind), parse(raw)
            memory = Memory(node, subject.rows(expected), ask)
            assert {pk: memory.verdict(pk, NOW) for pk in expected} == expected

    compare(world)


@quick
@given(populations.worlds(), kinds, st.data())
def test_since_is_the_first_moment_at_which_the_naive_interpreter_says_met(
    world: naive.World, kind: str, data: Any
):
    raw = data.draw(populations.trees(kind))
    floor = NOW - timedelta(days=data.draw(st.integers(1, 20)))

    @in_a_world
    def compare(rows: populations.Rows, world: naive.World) -> None:
        subject, who = one_of_kind(kind), populations.subjects(world, kind)
        ids = {rows.id_of[noun]: noun for noun in who}
        found = since(parse(raw), ids, Ask(NOW, DAYS), subject, floor=dict.fromkeys(ids, floor))

        def at(noun: Any, moment: Any) -> bool | None:
            return naive.judge(raw, who[noun], world, naive.When(moment, None, DAYS.is_open))

        for pk, noun in ids.items():
            if at(noun, NOW) is True:
                assert at(noun, found[pk]) is True
                step = timedelta(hours=1)
                before = (floor + step * n for n in range((found[pk] - floor) // step + 1))
                assert not [m for m in before if m < found[pk] and at(noun, m) is True]

    compare(world)


@quick
@given(st.data(), kinds)
def test_a_tree_read_from_its_stored_spelling_is_the_same_tree(data: Any, kind: str):
    saved = {
        f"s-{of}": ("s", of, random_trees.segment(7, of))
        for of in ("account", "contact", "subscription")
    }
    with segments_given(saved):
        node = parse(data.draw(populations.trees(kind)), subject=kind)
    again = parse(dump(node), subject=kind)  # the segments are pinned: nobody looks them up
    assert dump(again) == dump(node)
    assert again.digest == node.digest
