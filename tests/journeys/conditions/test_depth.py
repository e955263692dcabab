"""Whatever contracts 1 allows (6 deep, 50 nodes), both databases take (reliability 4.4 number 51)."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.conditions import (
    ACCOUNT,
    ENROLLMENT,
    SUBSCRIPTION,
    Ask,
    ConditionError,
    evaluate,
    explain,
    matching,
    parse,
)
from journeys.conditions.reading import MOST_NODES
from tests.journeys.conditions import world
from tests.journeys.conditions.world import asked

pytestmark = pytest.mark.django_db
ODD: Any = {"a b!.c!!.d!": {"in": [1, "a", True], "not_in": [5], "contains": "x", "gt": 5}}
LEAVES: dict[str, Any] = {
    "own": {"name": "x", "by": "self", "where": ODD, "distinct": "k.l!", "count": {"eq": 2},
            "within": "3d"},
    "of people": {"name": "x", "by": {"role": "z", "share": 0.6}, "where": ODD, "within": "stage",
                  "distinct": "k.l!", "count": {"eq": 2}, "product": "aaa"},
}  # fmt: skip
S: Any = {"stage": {"is": "q"}}
WRAPS: dict[str, Any] = {
    "share": lambda leaf: {"people": {"role": "r", "who": leaf, "share": 0.6}},
    "number": lambda leaf: {"people": {"role": "r", "who": leaf, "at_least": 2}},
    "at_least": lambda leaf: {"at_least": {"n": 2, "of": [S, S, leaf]}},
    "not any": lambda leaf: {"not": {"any": [S, leaf]}},
}
DEEP = [
    ("own", ("share",) * 5), ("of people", ("number",) * 5), ("of people", ("at_least",) * 5),
    ("own", ("at_least", "share") * 2 + ("at_least",)),
    ("of people", ("share", "at_least") * 2 + ("share",)), ("own", ("not any", "share", "not any")),
]  # fmt: skip


@pytest.mark.parametrize(("leaf", "wraps"), DEEP)
def test_the_deepest_tree_can_be_asked_and_explained(leaf: str, wraps: Any):
    raw: Any = {"event": LEAVES[leaf]}
    for wrap in wraps:
        raw = WRAPS[wrap](raw)
    account = world.account()
    world.contact(account, roles=["r", "z"])
    contract = world.subscription(account)
    ask: Ask = asked(known_at=asked().now)
    for kind, subject, pk in (
        ("account", ACCOUNT, account.pk), ("subscription", SUBSCRIPTION, contract.pk),
        ("enrollment", ENROLLMENT, 4711),
    ):  # fmt: skip
        node = parse(raw, subject=kind)
        if kind != "enrollment":
            assert evaluate(node, ask, kind).of == 1
        explain(node, [pk], ask, subject)
        both = [matching(node, [pk], ask, subject, want=want) for want in (True, False)]
        assert not both[0] & both[1]


def test_the_widest_tree_can_be_asked():
    leaf = {"event": LEAVES["of people"] | {"within": "14d"}}
    world.contact(world.account(), roles=["z"])
    for raw in (
        {"at_least": {"n": 2, "of": [leaf] * (MOST_NODES - 1)}}, {"any": [leaf] * (MOST_NODES - 1)},
    ):  # fmt: skip
        assert evaluate(parse(raw), asked(), "account").of == 1


def test_one_more_is_refused():
    with pytest.raises(ConditionError) as refusal:
        parse({"any": [S] * MOST_NODES})
    assert refusal.value.code == "too_complex"
