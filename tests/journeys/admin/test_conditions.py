"""The checked text field: what a condition says now, and that asking changes nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from journeys import engine
from journeys.admin import words
from journeys.admin.editor import conditions
from tests import cast
from tests.journeys.admin.conftest import as_, url

pytestmark = pytest.mark.django_db

GOAL = "event: {name: goal.set}"


def check(client, journey, text, name="entry.when"):
    return client.post(url("check", journey), {"name": name, "text": text})


def test_a_condition_says_how_many_it_matches_and_who(ops, journey):
    """O2: see its effect first."""
    for key in ("a", "b"):
        cast.customer(key)
    engine.tick(cast.CONTRACT_DAY)
    cast.happened(cast.customer("c"), "goal.set", cast.CONTRACT_DAY)
    engine.tick(cast.SLOT)
    reach = check(ops, journey, GOAL).context["reach"]
    assert (reach.met, reach.of, reach.unknown) == (1, 3, 0)
    assert reach.names == ["c 花子（株式会社c）"]


def test_an_absence_too_young_to_judge_is_counted_as_unknown(ops, journey):
    cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    reach = check(ops, journey, "event: {name: goal.set, count: {eq: 0}, within: 10bd}").context[
        "reach"
    ]
    assert (reach.met, reach.unknown) == (0, 1)


def test_the_others_are_asked_of_who_is_in_the_journey(ops, journey):
    cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    reach = check(ops, journey, "stage: {is: begin}", "goal").context["reach"]
    assert (reach.met, str(reach.asked)) == (1, "in the journey now")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("event: {nam: x}", "event.nam"), ("all: []", "all"), ("event: {name: ", "Line 1"),
        ("just words", "mapping"), ("trait: {of: user, name: password, eq: 1}", "trait.of"),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_taken_says_where(ops, journey, text, named):
    answer = check(ops, journey, text)
    assert named in answer.context["problem"]
    assert answer.status_code == 200


def test_checking_writes_nothing(ops, journey):
    cast.customer("a")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        check(ops, journey, GOAL)
    said = [q["sql"].split()[0] for q in asked.captured_queries]
    assert not {"INSERT", "UPDATE", "DELETE"} & set(said)


def test_whoever_may_not_see_journeys_may_not_ask(journey):
    assert check(as_("partner"), journey, GOAL).status_code == 403


@pytest.mark.parametrize(
    "tree",
    [
        {"event": {"name": "goal.set", "where": {"no": "yes", "n": "30", "on": True}}},
        {"all": [{"stage": {"is": "begin"}}, {"not": {"trait": {"of": "account", "name": "x", "in": ["", "null", "0o7", 1.5]}}}]},
        {"trait": {"of": "account", "name": "日本 語: #1", "eq": "2026-12-31"}},
    ],
)  # fmt: skip
def test_a_condition_comes_back_from_its_text_as_it_was(tree):
    assert conditions.from_text(conditions.as_text(tree)) == tree


def test_a_condition_reads_as_a_sentence():
    tree = {
        "all": [
            {"stage": {"was": "settle"}},
            {"event": {"name": "x", "count": {"gte": 3}, "within": "5bd"}},
        ]
    }
    with translation.override("en"):
        said = words.condition(tree, {"settle": "Settling"})

    assert said == (
        "has reached the stage “Settling”; and “x” has happened times: ≥ 3 within 5 business days"
    )
