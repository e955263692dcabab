"""Names nobody has sent yet are warned about, never refused (contracts 1.13)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from journeys.conditions import choices, offered, parse, unseen
from journeys.models import Segment
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
INSIDE: dict[str, Any] = {"in": {"side": 1}}


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


def test_choices_are_what_is_in_use(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
):
    """R25: an author chooses names instead of remembering them; seven statements whatever the size."""
    account = world.account()
    world.fact(account, name="invoice.created", amount=3, **INSIDE)
    world.contact(account, roles=["admin"])
    contract = world.subscription(account)
    world.trait(contract, "renewal_on", "2026-09-01")
    Segment.objects.create(key="sg1", name="SG1", subject="account", condition={})
    monkeypatch.delitem(offered, "courses", raising=False)
    with django_assert_num_queries(7):
        found = choices()
    assert found["events"] == {"invoice.created": ["amount", "in.side"]}
    assert (found["traits"], found["roles"]) == ({"subscription": ["renewal_on"]}, ["admin"])
    assert found["products"] == [{"key": "aaa", "name": "aaa"}]
    assert found["segments"] == [{"key": "sg1", "name": "SG1", "subject": "account"}]


def test_other_rooms_offer_choices_of_their_own(monkeypatch: pytest.MonkeyPatch):
    course = {"key": "a1", "name": "はじめての請求書"}
    monkeypatch.setitem(offered, "courses", lambda: [course])
    assert choices()["courses"] == [course]


def test_unseen_names_of_every_head_are_warned_about():
    raw = {
        "all": [
            {"message": {"journey": "j9", "was": "sent"}}, {"journey": {"key": "j8", "status": "in"}},
            {"date": {"of": "account", "name": "due", "before": "3d"}},
            {"ratio": {"of": {"event": {"name": "up"}},
                       "to": {"trait": {"of": "account", "name": "seats"}}, "gte": 1}},
        ]
    }  # fmt: skip
    said = " ".join(unseen(parse(raw)))
    assert all(name in said for name in ("j9", "j8", "due", "up", "seats"))
