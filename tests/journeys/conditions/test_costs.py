"""A question costs the same number of statements however many customers it is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.conditions import ACCOUNT, compile, evaluate, explain, parse, since
from journeys.models import Account
from tests.journeys.conditions import world

pytestmark = pytest.mark.django_db

TREE: Any = {
    "at_least": {
        "n": 2,
        "of": [
            {"event": {"name": "x", "count": {"gte": 3}, "within": "14d", "where": {"k": 1}}},
            {"trait": {"of": "account", "name": "plan", "eq": "pro"}},
            {"not": {"event": {"name": "x", "count": {"gte": 3}, "within": "14d", "where": {"k": 1}}}},
            {"people": {"role": "admin", "who": {"event": {"name": "x", "by": "self"}}}},
            {"event": {"name": "x", "by": {"share": 0.5}}},
            {"stage": {"is": "one"}},
        ],
    }
}  # fmt: skip


def populate(size: int) -> list[int]:
    for number in range(size):
        account = world.account(str(number))
        world.fact(by=world.contact(account, str(number), roles=["admin"]), k=1)
        world.trait(account, "plan", "pro")
        world.move(world.subscription(account), "one", world.ago(days=number))
    return list(Account.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("size", [1, 3, 30])
def test_one_select_judges_everybody(size: int, django_assert_num_queries: Any):
    populate(size)
    node = parse(TREE)
    with django_assert_num_queries(1):
        assert Account.objects.filter(compile(node, True, world.asked(), ACCOUNT)).count() == size
    with django_assert_num_queries(1):
        assert evaluate(node, world.asked(), "account").of == size


@pytest.mark.parametrize("size", [1, 3, 30])
def test_explaining_and_dating_cost_a_fixed_number_for_each_distinct_leaf(
    size: int, django_assert_num_queries: Any
):
    ids = populate(size)
    node = parse(TREE)
    # the subjects; then event 1 · trait 1 · people 2 · event by people 2 · stage 1
    with django_assert_num_queries(1 + 7):
        assert len(since(node, ids, world.asked(), ACCOUNT)) == size
    with django_assert_num_queries(1 + 1 + 7):  # and the verdicts
        assert len(explain(node, ids, world.asked(), ACCOUNT)) == size


def test_more_ids_than_a_statement_takes_parameters():
    node = parse({"event": {"name": "x"}})
    account = world.account()
    many = [account.pk, *range(10**6, 10**6 + 300_000)]
    assert list(since(node, many, world.asked(), ACCOUNT)) == [account.pk]
