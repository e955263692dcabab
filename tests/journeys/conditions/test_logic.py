"""Three values: met, not met, unknown (contracts 1.1)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from journeys.models import Account
from tests.journeys.conditions import world
from tests.journeys.conditions.world import verdict

pytestmark = pytest.mark.django_db
M, N, U = "met", "not_met", "unknown"
LEAF = {word: {"trait": {"of": "account", "name": word, "eq": 1}} for word in (M, N, U)}


@pytest.fixture
def account() -> Account:
    """Met and not met by its traits; a third trait it does not have."""
    made = world.account()
    world.trait(made, M, 1)
    world.trait(made, N, 0)
    return made


def tree(head: str, *words: str) -> Any:
    return {head: [LEAF[word] for word in words]}


ALL = {(M, M): M, (M, N): N, (M, U): U, (N, N): N, (N, U): N, (U, U): U}
ANY = {(M, M): M, (M, N): M, (M, U): M, (N, N): N, (N, U): U, (U, U): U}


@pytest.mark.parametrize(("head", "table"), [("all", ALL), ("any", ANY)])
def test_all_and_any_follow_their_tables_and_not_swaps_them(
    head: str, table: dict[tuple[str, str], str], account: Account
):
    swapped = {M: N, N: M, U: U}
    for (one, other), expected in table.items():
        for words in ((one, other), (other, one)):
            assert (words, verdict(tree(head, *words), account)) == (words, expected)
            assert verdict({"not": tree(head, *words)}, account) == swapped[expected]


def test_not_keeps_unknown_and_twice_is_nothing(account: Account):
    assert [verdict({"not": LEAF[word]}, account) for word in (M, N, U)] == [N, M, U]
    assert [verdict({"not": {"not": LEAF[w]}}, account) for w in (M, N, U)] == [M, N, U]


def test_at_least_is_met_by_n_and_not_met_when_the_unknown_cannot_help(account: Account):
    for words in product((M, N, U), repeat=3):
        for n in (1, 2, 3):
            met, unknown = words.count(M), words.count(U)
            expected = M if met >= n else N if met + unknown < n else U
            raw = {"at_least": {"n": n, "of": [LEAF[word] for word in words]}}
            assert (n, words, verdict(raw, account)) == (n, words, expected)


def test_at_least_one_is_any_and_at_least_every_is_all(account: Account):
    for words in product((M, N, U), repeat=2):
        of = [LEAF[word] for word in words]
        assert verdict({"at_least": {"n": 1, "of": of}}, account) == verdict({"any": of}, account)
        assert verdict({"at_least": {"n": 2, "of": of}}, account) == verdict({"all": of}, account)
