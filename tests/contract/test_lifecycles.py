"""Lifecycles word for word (contracts 2): the keys of a stage, and which of them must be there."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from journeys import engine
from journeys.models import Lifecycle, NextScenario, StageTransition
from journeys.publishing import PublishRefused, check_lifecycle, publish_lifecycle
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

pytestmark = pytest.mark.django_db

NOON = at("2026-05-11T12:00")


def criterion(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "when": {"event": {"name": f"{key}.done"}}} | more


#: The contract's own example, with as many stages as its rules need.
ROUTE: dict[str, Any] = {
    "key": "route",
    "product": "app",
    "name": "案内",
    "stages": [
        {
            "key": "arrive",
            "name": "到着",
            "phase": "onboarding",
            "goal": "g",
            "definition": "d",
            "customer_does": "c",
            "experience": [{"touchpoint": "ホーム", "proven_by": "resource.viewed"}],
            "provides": "p",
            "limit": "5bd",
            "limit_from": "start",
            "completes_onboarding": False,
            "exit": {"at_least": "all", "criteria": [criterion("home", required=True)]},
            "next": {"success": "j2", "failure": "j3"},
        },
        {
            "key": "settle",
            "name": "定着",
            "goal": "g",
            "definition": "d",
            "customer_does": "c",
            "exit": {"criteria": [criterion("a"), criterion("b"), criterion("c", required=False)]},
        },
        {"key": "done", "name": "完了"},
    ],
}


def route(**changes: Any) -> dict[str, Any]:
    """The route with fields of its first stage put in another way; None takes one out."""
    document = copy.deepcopy(ROUTE)
    for name, value in changes.items():
        document["stages"][0][name] = value
        if value is None:
            del document["stages"][0][name]
    return document


def paths(document: dict[str, Any]) -> list[str]:
    return [problem.path for problem in check_lifecycle(document)]


def begun(document: dict[str, Any]) -> Any:
    cast.open_vendor()
    publish_lifecycle(document, at("2026-05-11T08:00"))
    hana = customer("hana")
    engine.tick(NOON)
    return hana


def test_the_example_is_taken_with_every_key() -> None:
    assert check_lifecycle(ROUTE) == []


@pytest.mark.parametrize("name", ["goal", "definition", "customer_does", "exit"])
def test_required_of_every_stage_but_the_last(name: str) -> None:
    (problem,) = check_lifecycle(route(**{name: None}))
    assert name in problem.message
    assert "arrive" in problem.message


@pytest.mark.parametrize(
    "name",
    ["phase", "experience", "provides", "limit", "limit_from", "completes_onboarding", "next"],
)
def test_everything_else_may_be_absent(name: str) -> None:
    assert check_lifecycle(route(**{name: None})) == []


def test_at_most_one_stage_completes_the_onboarding() -> None:
    document = route(completes_onboarding=True)
    assert check_lifecycle(document) == []
    document["stages"][1]["completes_onboarding"] = True
    assert paths(document) == ["stages"]


@pytest.mark.parametrize("phase", ["onboarding", "adoption", "expansion"])
def test_a_phase_is_one_of_three(phase: str) -> None:
    assert check_lifecycle(route(phase=phase)) == []
    assert paths(route(phase="other")) == ["stages[0].phase"]


@pytest.mark.parametrize("name", ["colour", "exit_when", "Limit"])
def test_an_unknown_key_is_refused_with_its_path(name: str) -> None:
    assert paths(route(**{name: "x"})) == [f"stages[0].{name}"]


@pytest.mark.parametrize("at_least", [0, 2, "some", -1])
def test_at_least_is_all_or_a_number_of_the_required_ones(at_least: Any) -> None:
    exit_ = {"at_least": at_least, "criteria": [criterion("a"), criterion("b", required=False)]}
    found = paths(route(exit=exit_))
    assert found != []
    assert all(path.startswith("stages[0].exit") for path in found)


@pytest.mark.parametrize("limit", ["0bd", "5", "5h", "20 bd", "-1d"])
def test_a_limit_is_a_length_in_days(limit: str) -> None:
    assert paths(route(limit=limit)) == ["stages[0].limit"]


def test_next_names_what_follows_success_and_failure_and_nothing_else() -> None:
    assert paths(route(next={"later": "j"})) != []
    assert check_lifecycle(route(next={"success": "j2"})) == []


def test_a_condition_in_a_criterion_is_refused_with_its_path() -> None:
    bad = criterion("home", when={"event": {"name": "x", "count": {"more": 1}}})
    (path,) = paths(route(exit={"criteria": [bad]}))
    assert path == "stages[0].exit.criteria[0].when.event.count.more"


def test_what_is_refused_changes_nothing() -> None:
    cast.open_vendor()
    with pytest.raises(PublishRefused):
        publish_lifecycle(route(goal=None) | {"key": "other"}, NOON)
    assert not Lifecycle.objects.filter(key="other").exists()


def test_limit_from_start_counts_from_the_start_of_the_contract() -> None:
    document = route()
    document["stages"][1] |= {"limit": "5bd", "limit_from": "start"}
    hana = begun(document)
    happened(hana, "home.done", at("2026-05-13T09:00"))
    engine.tick(at("2026-05-13T12:00"))

    assert contract(hana).stage_due_on == date(2026, 5, 18)


def test_limit_from_entry_counts_from_the_entry_of_the_stage() -> None:
    document = route()
    document["stages"][1] |= {"limit": "5bd", "limit_from": "entry"}
    hana = begun(document)
    happened(hana, "home.done", at("2026-05-13T09:00"))
    engine.tick(at("2026-05-13T12:00"))

    assert contract(hana).stage_due_on == date(2026, 5, 20)


def test_n_of_the_required_ones_lets_a_stage_go_and_a_recommended_one_counts_for_nothing() -> None:
    document = route(exit={"criteria": [criterion("home")]})
    document["stages"][1]["exit"]["at_least"] = 1
    hana = begun(document)
    happened(hana, "home.done", at("2026-05-11T12:10"))
    happened(hana, "c.done", at("2026-05-11T12:20"))
    engine.tick(at("2026-05-11T13:00"))
    assert stage_of(hana) == "settle"

    happened(hana, "b.done", at("2026-05-11T13:10"))
    engine.tick(at("2026-05-11T14:00"))

    assert stage_of(hana) == "done"


def test_next_success_follows_the_stage_and_next_failure_its_deadline() -> None:
    cast.open_vendor()
    publish_lifecycle(ROUTE, at("2026-05-11T08:00"))
    good, late = customer("good"), customer("late")
    happened(good, "home.done", at("2026-05-11T10:00"))
    engine.tick(NOON)
    engine.tick(at("2026-05-19T00:00"))

    rows = NextScenario.objects.order_by("pk").values_list("subscription_id", "kind", "journey_key")
    assert list(rows) == [
        (contract(good).pk, "success", "j2"),
        (contract(late).pk, "failure", "j3"),
    ]


def test_the_exit_that_completes_the_onboarding_is_kept_with_the_move() -> None:
    hana = begun(route(completes_onboarding=True))
    happened(hana, "home.done", at("2026-05-11T12:10"))
    engine.tick(at("2026-05-11T13:00"))

    assert StageTransition.objects.get(to_stage="settle").completes_onboarding is True
