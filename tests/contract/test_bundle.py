"""Bundles word for word (contracts 2): plan, apply, export; refusals with file, line and path."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from journeys.models import Journey, JourneyVersion, LifecycleVersion, TemplateVersion
from tests.cast import DATA

pytestmark = pytest.mark.django_db
SMALL = str(DATA / "small.yaml")
STARTER = str(Path(__file__).parents[2] / "config" / "starter" / "shimebi" / "bundle.yaml")


def told(*args: str) -> str:
    out = io.StringIO()
    call_command("bundle", *args, stdout=out)
    return out.getvalue()


def plan(*files: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told("plan", *files, "--format", "json"))
    return found


def versions() -> list[int]:
    return [m.objects.count() for m in (LifecycleVersion, JourneyVersion, TemplateVersion)]


def changed(tmp_path: Path, before: str, after: str) -> str:
    file = tmp_path / "bundle.yaml"
    text = Path(SMALL).read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))
    return str(file)


def test_plan_prints_create_update_delete_touches_and_problems() -> None:
    found = plan(SMALL)

    assert list(found) == ["create", "update", "delete", "touches", "problems"]
    assert "lifecycles/route" in found["create"]
    assert (found["update"], found["delete"], found["problems"]) == ([], [], [])
    assert versions() == [0, 0, 0]


@pytest.mark.parametrize("file", [SMALL, STARTER], ids=["small", "starter"])
def test_apply_twice_is_apply_once(file: str) -> None:
    told("apply", file)
    before = versions()

    told("apply", file)

    assert versions() == before
    assert plan(file)["create"] == plan(file)["update"] == []


@pytest.mark.parametrize("file", [SMALL, STARTER], ids=["small", "starter"])
def test_export_of_an_applied_bundle_applied_again_changes_nothing(
    file: str, tmp_path: Path
) -> None:
    told("apply", file)
    before = versions()
    exported = tmp_path / "export.yaml"
    exported.write_text(told("export"))

    told("apply", str(exported))

    assert versions() == before


def test_apply_publishes_what_changed_as_new_versions_and_keeps_the_old(tmp_path: Path) -> None:
    told("apply", SMALL)

    told("apply", changed(tmp_path, "name: ようこそ", "name: いらっしゃいませ"))

    assert list(Journey.objects.order_by("key").values_list("name", flat=True)) == [
        "もうひとつ",
        "いらっしゃいませ",
    ]
    statuses = JourneyVersion.objects.filter(journey__key="welcome").order_by("number")
    assert list(statuses.values_list("number", "status")) == [(1, "retired"), (2, "published")]


def test_a_new_text_makes_a_new_version_of_the_journeys_that_use_it(tmp_path: Path) -> None:
    told("apply", SMALL)

    told("apply", changed(tmp_path, "body: 設定を終えましょう。", "body: 設定を仕上げましょう。"))

    numbers = JourneyVersion.objects.filter(status="published").order_by("journey__key")
    assert list(numbers.values_list("journey__key", "number")) == [("rival", 2), ("welcome", 2)]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("name: 順路", "nome: 順路", "lifecycles[0].nome"),
        ("goal: 目標が決まる", "goal: ''", "lifecycles[0].stages"),
        ("limit: 5bd", "limit: 5 days", "lifecycles[0].stages[0].limit"),
        ("when: {event: {name: goal.set}}", "when: {evnt: {name: goal.set}}",
         "lifecycles[0].stages[0].exit.criteria[0].when.evnt"),
        ("aim: {satisfaction: 迷わない,", "aim: {satisfaction: '',", "journeys[0].aim.satisfaction"),
        ("{id: hello, email: hello}", "{id: hello, email: nobody}", "journeys[0].steps[0].email"),
        ("{id: hello, email: hello}", "{id: hello, fax: hello}", "journeys[0].steps[0]"),
        ("{id: rest, wait: 5bd}", "{id: hello, wait: 5bd}", "journeys[0].steps[0].id"),
        ("{id: rest, wait: 5bd}", "{id: rest, task: nobody}", "journeys[0].steps[4].task"),
        ("version: 1", "version: 1\nplays: [{key: p}]", "plays[0].name"),
        ("version: 1", "version: 1\nplays: [{key: p, name: P, minutes: -1}]", "plays[0].minutes"),
        ("version: 1", "version: 1\ngames: []", "games"),
        ("subscribe: none", "subscribe: {trait: {of: acount, name: plan}}",
         "products[0].subscribe.trait.of"),
        ("version: 1", "version: 1\nscenarios: [{key: s, name: S, journey: gone, kind: dry_run}]",
         "scenarios[0].journey"),
        ("version: 1", "version: 1\nscenarios: [{key: s, name: S, journey: rival, kind: forecast}]",
         "scenarios[0]"),
        ("version: 1", "version: 1\naccounts: [{key: a, name: A, since: '2026-05-11'}]",
         "accounts[0].since"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_path_and_nothing_is_changed(
    tmp_path: Path, before: str, after: str, path: str
) -> None:
    file = changed(tmp_path, before, after)

    with pytest.raises(CommandError) as refused:
        told("apply", file)

    assert refused.value.returncode == 2
    assert f"{file}:" in str(refused.value)
    assert path in str(refused.value)
    assert versions() == [0, 0, 0]


def test_the_line_of_a_mistake_is_named(tmp_path: Path) -> None:
    file = changed(tmp_path, "name: 順路", "nome: 順路")
    line = Path(file).read_text().splitlines().index("  nome: 順路") + 1

    with pytest.raises(SystemExit) as ended:
        told("plan", file)
    with pytest.raises(CommandError, match=f":{line} lifecycles"):
        told("apply", file)

    assert ended.value.code == 2


def test_nothing_is_retired_without_prune(tmp_path: Path) -> None:
    told("apply", SMALL)
    file = changed(tmp_path, "- key: rival", "- key: rival-2")

    told("apply", file)
    assert JourneyVersion.objects.get(journey__key="rival").status == "published"
    told("apply", file, "--prune")

    assert JourneyVersion.objects.get(journey__key="rival").status == "retired"
