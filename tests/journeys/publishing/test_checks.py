"""What keeps a journey from being published, each mistake with its place (R24, reliability 4.3)."""

from __future__ import annotations

from typing import Any

import pytest

from journeys import conditions
from journeys.models import JourneyVersion, Segment
from journeys.publishing import PublishRefused, check_journey
from tests import authoring
from tests.authoring import AIM, document, journey
from tests.cast import CONTRACT_DAY

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "1d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


def paths(*steps: dict[str, Any], **said: Any) -> list[str]:
    """Where something is wrong."""
    return [p.path for p in check_journey(document(*(steps or (REST,)), **said))]


def message(*steps: dict[str, Any], **said: Any) -> str:
    (problem,) = check_journey(document(*(steps or (REST,)), **said))
    return problem.message


# --- R24 -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["satisfaction", "efficiency", "kpi"])
def test_r24_an_empty_aim_or_kpi_blocks_publishing(name: str) -> None:
    assert paths(aim=AIM | {name: " "}) == [f"aim.{name}"]
    with pytest.raises(PublishRefused):
        journey(REST, aim=AIM | {name: ""})
    assert not JourneyVersion.objects.exists()


# --- the entry -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ({}, "entry"),
        ({"stage": "begin", "event": "app.used"}, "entry"),
        ({"stage": "begin", "when": USED}, "entry"),
        ({"segment": "sg1"}, "entry"),
        ({"when": USED, "unless": USED}, "entry.unless"),
        ({"by": "hand", "when": USED}, "entry"),
        ({"by": "mail"}, "entry.by"),
        ({"event": ""}, "entry.event"),
        ({"event": {"name": "app.used"}}, "entry.event"),
        ({"every": {"month": "6"}}, "entry.every"),
        ({"every": {"month": "16bd"}}, "entry.every"),
        ({"every": {"month": "29d"}}, "entry.every"),
        ({"every": {"month": "0bd"}}, "entry.every"),
        ({"every": {"week": "monday"}}, "entry.every"),
        ({"every": {"week": "mon", "month": "6bd"}}, "entry.every"),
        ({"stage": 3}, "entry.stage"),
        ({"when": {"evnt": {}}}, "entry.when.evnt"),
        ({"when": {"event": {"name": "x", "count": {"gtt": 1}}}}, "entry.when.event.count.gtt"),
    ],
)
def test_an_entry_is_exactly_one_known_way(entry: dict[str, Any], where: str) -> None:
    assert paths(entry=entry) == [where]


@pytest.mark.parametrize(
    "entry",
    [
        {"stage": "begin"}, {"when": USED}, {"event": "app.used"}, {"every": {"month": "6bd"}},
        {"every": {"month": "-1bd"}}, {"every": {"week": "fri"}}, {"by": "hand"}, {"by": "api"},
        {"event": "app.used", "when": USED}, {"every": {"month": "6bd"}, "when": USED},
    ],
)  # fmt: skip
def test_every_way_in_can_be_published(entry: dict[str, Any]) -> None:
    assert paths(entry=entry) == []


# --- fields ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "where"),
    [
        ({"id": "m", "email": "hello", "imprtance": "critical"}, "imprtance"),
        ({"id": "m", "email": "hello", "importance": "high"}, "importance"),
        ({"id": "m", "email": "hello", "at_once": "yes"}, "at_once"),
        ({"id": "m", "email": "hello", "wait_for": "click"}, "wait_for"),
        ({"id": "m", "email": "hello", "expires_after": "soon"}, "expires_after"),
        ({"id": "m", "email": "hello", "skip_if": {"evnt": 1}}, "skip_if.evnt"),
        ({"id": "m", "email": ""}, "email"),
        ({"id": "m", "email": ["hello"]}, "email"),
        ({"id": "n", "nudge": "hint", "at_once": True}, "at_once"),
        ({"id": "w", "wait": "-5min"}, "wait"),
        ({"id": "w", "wait": "1000000000d"}, "wait"),
        ({"id": "w", "wait": 3}, "wait"),
        ({"id": "w", "wait": "1d", "send_window": "9-12"}, "send_window"),
        ({"id": "w", "wait": "1d", "send_window": {"from": "12:00", "to": "09:00"}}, "send_window"),
        ({"id": "w", "wait": "1d", "send_window": {"from": "24:00", "to": "25:00"}}, "send_window"),
        ({"id": "u", "wait_until": USED, "timeout": "0d"}, "timeout"),
        ({"id": "s", "set": {}}, "set"),
        ({"id": "s", "set": {"email": "x@y.example"}}, "set"),
        ({"id": "s", "set": {"a": {"b": 1}}}, "set"),
        ({"id": "a", "assign": "kiso", "due": "tomorrow"}, "due"),
        ({"id": "x", "leave": ""}, "leave"),
        ({"id": "p", "split": [{"weight": 100, "steps": []}]}, "split"),
        ({"id": "p", "split": [{"weight": 50}, {"weight": 40}]}, "split"),
        ({"id": "p", "split": [{"weight": 0}, {"weight": 100}]}, "split[0]"),
        ({"id": "p", "split": [{"weight": True}, {"weight": 99}]}, "split[0]"),
        ({"id": "p", "split": [{"weight": 50, "step": []}, {"weight": 50}]}, "split[0]"),
    ],
)
def test_42_a_field_that_cannot_be_read_is_refused_at_its_place(
    step: dict[str, Any], where: str
) -> None:
    assert paths(step, REST)[0] == f"steps[0].{where}"


def test_the_weights_of_a_split_sum_to_100() -> None:
    thirds = [{"weight": 33.3}, {"weight": 33.3}, {"weight": 33.4}]
    assert paths({"id": "p", "split": thirds}, REST) == []
    assert "90" in message({"id": "p", "split": [{"weight": 50}, {"weight": 40}]}, REST)


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ([{"wait": "1d"}], "steps[0]"),
        ([{"id": "a"}], "steps[0]"),
        ([{"id": "a", "wait": "1d", "leave": "x"}], "steps[0]"),
        ([{"id": "a", "call": "x"}], "steps[0]"),
        ([{"id": "a", "wait": "1d"}, {"id": "a", "wait": "2d"}], "steps[0].id"),
        (
            [{"id": "f", "if": USED, "then": [{"id": "a", "wait": "1d"}]}, {"id": "a", "wait": "2d"}],
            "steps[0].then[0].id",
        ),
    ],
)  # fmt: skip
def test_every_step_has_one_kind_and_an_id_of_its_own(
    steps: list[dict[str, Any]], where: str
) -> None:
    assert where in paths(*steps)


def test_only_a_journey_of_accounts_may_say_to_whom_a_step_speaks() -> None:
    boss = {"id": "m", "email": "hello", "to": {"role": "boss"}}
    assert paths(boss, REST, subject="account") == []
    assert paths(boss, REST) == ["steps[0].to"]
    assert paths({**boss, "to": "boss"}, REST, subject="account") == ["steps[0].to"]


# --- 40: ways ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ([{"id": "x", "leave": "no"}, REST], ["steps[1]"]),
        (
            [{"id": "f", "if": USED, "then": [{"id": "a", "leave": "a"}],
              "else": [{"id": "b", "leave": "b"}]}, REST, {"id": "m", "email": "hello"}],
            ["steps[1]", "steps[2]"],
        ),
        (
            [{"id": "p", "split": [{"weight": 50, "steps": [{"id": "a", "leave": "a"}, REST]},
                                   {"weight": 50}]}],
            ["steps[0].split[0].steps[1]"],
        ),
    ],
)  # fmt: skip
def test_40_a_step_nobody_can_come_to_is_refused_and_named(
    steps: list[dict[str, Any]], where: list[str]
) -> None:
    assert paths(*steps) == where


@pytest.mark.parametrize(
    ("steps", "said", "where"),
    [
        ([{"id": "s", "set": {"a": 1}}], {}, ["steps[0]"]),
        ([{"id": "m", "email": "hello"}], {}, ["steps[0]"]),
        ([{"id": "f", "if": USED, "then": [REST]}], {}, ["steps[0]"]),
        ([REST], {}, []),
        ([{"id": "s", "set": {"a": 1}}], {"reentry": {"after": "1d"}}, []),
        ([{"id": "s", "set": {"a": 1}}], {"entry": {"event": "app.used"}}, []),
    ],
)
def test_40_a_way_round_without_a_wait_is_refused_and_named(
    steps: list[dict[str, Any]], said: dict[str, Any], where: list[str]
) -> None:
    """Coming in again at once while still matching is the only way round there is."""
    assert paths(*steps, **{"reentry": "always", **said}) == where


# --- ids -------------------------------------------------------------------------------------------
def test_a_steps_id_never_changes_its_kind() -> None:
    journey({"id": "a", "email": "hello"}, REST)

    assert paths({"id": "a", "nudge": "hint"}, REST) == ["steps[0].id"]
    assert paths({"id": "a", "email": "again"}, REST) == []


def test_a_steps_id_is_never_given_to_another_step() -> None:
    journey({"id": "a", "email": "hello"}, REST)
    journey(REST)

    assert paths({"id": "a", "email": "again"}, REST) == ["steps[0].id"]
    assert paths({"id": "a", "email": "hello"}, REST) == []  # the same step put back


# --- what is named ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "where", "missing"),
    [
        ({"id": "m", "email": "nowhere"}, "steps[0].email", "nowhere"),
        ({"id": "m", "email": "hint"}, "steps[0].email", "hint"),
        ({"id": "n", "nudge": "hello"}, "steps[0].nudge", "hello"),
        ({"id": "l", "line": "hello"}, "steps[0].line", "hello"),
        ({"id": "m", "email": "hello", "persona": "nobody"}, "steps[0].persona", "nobody"),
        ({"id": "t", "task": "nobody"}, "steps[0].task", "nobody"),
    ],
)
def test_what_a_step_names_must_be_there(step: dict[str, Any], where: str, missing: str) -> None:
    problems = check_journey(document(step, REST))
    assert [(p.path, p.missing) for p in problems] == [(where, missing)]


def test_a_missing_segment_is_refused_with_the_path_of_its_condition() -> None:
    assert paths({"id": "f", "if": {"segment": "sg1"}, "then": [REST]}) == ["steps[0].if.segment"]


def test_missing_nouns_of_the_head_are_refused() -> None:
    for name in ("product", "topic"):
        said: dict[str, Any] = {name: "nope"}
        with pytest.raises(PublishRefused) as refused:
            journey(REST, **said)
        assert [p.path for p in refused.value.problems] == [name]


def test_a_trait_that_a_journey_sets_belongs_to_it() -> None:
    journey({"id": "s", "set": {"mark": 1}}, REST)

    assert paths({"id": "s", "set": {"mark": 2}}, REST, key="k") == ["steps[0].set"]
    assert paths({"id": "s", "set": {"mark": 2}}, REST) == []
    assert paths({"id": "s", "set": {"mark": 2}}, REST, key="k", subject="account") == []


# --- pins ------------------------------------------------------------------------------------------
def test_a_version_keeps_the_text_of_a_segment_it_was_published_with() -> None:
    segment = Segment.objects.create(
        key="big", name="大口", subject="account", changed_at=CONTRACT_DAY,
        condition={"trait": {"of": "account", "name": "size", "eq": "big"}},
    )  # fmt: skip
    fork = {"id": "f", "if": {"segment": "big"}, "then": [REST]}
    first = journey(fork)
    assert journey(fork) == first

    segment.condition = {"trait": {"of": "account", "name": "size", "eq": "huge"}}
    segment.save()
    second = journey(fork)

    assert (first.number, second.number) == (1, 2)
    trees = [conditions.hash_of(conditions.parse(v.program["ops"][1]["value"], subject="enrollment"))
             for v in (JourneyVersion.objects.get(pk=first.pk), second)]  # fmt: skip
    assert trees[0] != trees[1]
