"""Writing a route in the admin: seven fields, criteria with their effect, refusals without loss."""

from __future__ import annotations

from typing import Any

import pytest

from journeys import engine
from journeys.admin.editor import drafts, parts, reach
from journeys.models import Lifecycle, LifecycleVersion
from tests import cast
from tests.journeys.admin.conftest import as_, form, post, seen, url

pytestmark = pytest.mark.django_db

ADD = "/admin/journeys/lifecycle/add/"


@pytest.fixture
def route(vendor) -> Lifecycle:
    return Lifecycle.objects.get()


def document(route: Lifecycle) -> dict[str, Any]:
    route.refresh_from_db()
    return drafts.read(route).document


def save(client, route, *where: str, **changes: str):
    query = "?stage=" + "&criterion=".join(where)
    name = "criterion" if len(where) == 2 else "stage"
    return client.post(url(name, route, *where), form(client, route, query, **changes))


def test_a_route_is_written_from_nothing_and_published(ops, route):
    """R2: seven fields, exit criteria, deadlines."""
    product = route.product
    ops.post(ADD, {"name": "Mine", "key": "mine", "product": product.pk})
    mine = Lifecycle.objects.get(key="mine")
    for key in ("one", "end"):
        post(ops, mine, "add_stage", key=key, label=key.title())
    save(ops, mine, "one", goal="g", definition="d", customer_does="c", limit="5bd",
         experience="Home = resource.viewed\nA call")  # fmt: skip
    post(ops, mine, "add_criterion", "one", key="aim", label="Set the aim")
    save(ops, mine, "one", "aim", when="event: {name: goal.set}", minutes="2")
    assert post(ops, mine, "publish_now").status_code == 302
    stage = LifecycleVersion.objects.get(lifecycle=mine).stages.get(key="one")
    assert stage.experience[0] == {"touchpoint": "Home", "proven_by": "resource.viewed"}
    assert [c.label for c in stage.criteria.all()] == ["Set the aim"]


def test_saving_what_stands_changes_nothing(ops, route):
    before = document(route)
    save(ops, route, "begin")
    save(ops, route, "begin", "aim")
    assert document(route) == before


def test_an_incomplete_stage_is_kept_and_each_missing_field_is_named(ops, route):
    """R2: it cannot be published; the draft stays as it was typed."""
    save(ops, route, "begin", goal="", customer_does="", limit="soon")
    post(ops, route, "remove_criterion", "begin", "aim")
    answer = post(ops, route, "publish_now")
    assert {(p.stage, p.problem.path) for p in answer.context["problems"]} >= {
        ("begin", "goal"), ("begin", "customer_does"), ("begin", "exit"), ("begin", "limit"),
    }  # fmt: skip
    assert LifecycleVersion.objects.filter(lifecycle=route).count() == 1
    assert parts.stages(document(route))[0]["limit"] == "soon"


def test_a_stage_in_use_is_not_taken_out_and_says_how_many_stand_there(ops, route):
    """4.3.41."""
    cast.customers(2)
    engine.tick(cast.CONTRACT_DAY)
    assert ops.get(url("remove_stage", route, "begin")).context["used"] == 2
    assert post(ops, route, "remove_stage", "begin").status_code == 409
    assert parts.find(document(route), "begin") is not None
    assert post(ops, route, "remove_stage", "settle").status_code == 302


def test_a_stage_that_came_into_use_after_it_was_taken_out_blocks_publishing(ops, route):
    post(ops, route, "remove_stage", "begin")
    cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    problems = ops.get(url("publish", route)).context["problems"]
    assert any("1 contracts" in p.message for p in problems)


def test_a_stage_says_how_many_meet_its_exit_and_what_is_mainly_missing(route):
    """O2."""
    cast.customers(3)
    engine.tick(cast.CONTRACT_DAY)
    stage = parts.stages(document(route))[0]
    found = reach.of_stage("app", stage, cast.SLOT)
    assert found == reach.StageReach(of=3, met=0, cause="目標を決める", missing=3)


def test_a_second_key_of_the_same_name_is_refused_with_what_was_typed(ops, route):
    answer = post(ops, route, "add_stage", key="begin", label="Again")
    assert answer.status_code == 409
    assert b'value="Again"' in answer.content
    assert len(parts.stages(document(route))) == 3


def test_the_second_editor_of_a_stage_keeps_their_text(ops, route):
    """4.3.39."""
    other = as_("cs_ops", "other@vendor.example")
    mine = form(other, route, "?stage=begin", goal="Second")
    save(ops, route, "begin", goal="First")
    answer = other.post(url("stage", route, "begin"), mine)
    assert answer.status_code == 409
    assert b">Second</textarea>" in answer.content
    assert parts.stages(document(route))[0]["goal"] == "First"


def test_stages_and_criteria_move(ops, route):
    post(ops, route, "add_criterion", "begin", key="two", label="Two")
    post(ops, route, "move_criterion", "begin", "two", to="up")
    assert [c["key"] for c in parts.criteria(parts.stages(document(route))[0])] == ["two", "aim"]
    post(ops, route, "move_stage", "begin", to="down")
    assert [s["key"] for s in parts.stages(document(route))] == ["settle", "begin", "done"]


def test_a_missing_part_is_a_404(ops, route):
    token = seen(ops, route)
    assert ops.post(url("stage", route, "nowhere"), {"seen": token}).status_code == 404
