"""Names nobody has sent yet are warned about, never refused (contracts 1.13)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from journeys.conditions import parse, unseen
from tests.journeys.conditions import world

pytestmark = pytest.mark.django_db

TREE: Any = {
    "all": [
        {
            "event": {
                "name": "x",
                "where": {"k.inside": 1},
                "distinct": "d",
                "by": {"role": "admin"},
            }
        },
        {"not": {"trait": {"of": "account", "name": "plan", "eq": "pro"}}},
        {"stage": {"is": "one", "product": "aaa"}},
        {"people": {"role": "admin", "who": {"trait": {"of": "contact", "name": "t", "eq": 1}}}},
    ]
}


def test_every_unseen_name_has_one_sentence():
    with translation.override("en"):
        assert unseen(parse(TREE)) == [
            "No role “admin” has been seen yet.",
            "No fact “x” has been seen yet.",
            "No trait “plan” of a account has been seen yet.",
            "There is no stage “one” yet.",
            "There is no product “aaa” yet.",
            "No trait “t” of a contact has been seen yet.",
        ]


def test_names_that_were_seen_are_silent():
    account = world.account()
    someone = world.contact(account, roles=["admin"])
    world.fact(by=someone, k={"inside": 2}, d=None)
    world.trait(account, "plan", "free")
    world.trait(someone, "t", None)
    world.subscription(account, "aaa")
    world.version().stages.create(position=0, key="one", name="One")
    assert unseen(parse(TREE)) == []


def test_an_unseen_property_of_a_seen_fact_is_named():
    world.fact(by=world.contact(world.account(), roles=["admin"]), k={}, d=1)
    event = {"all": [TREE["all"][0]]}
    with translation.override("en"):
        assert unseen(parse(event)) == ["No fact “x” with a property “k.inside” has been seen yet."]
