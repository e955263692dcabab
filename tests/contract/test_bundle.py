"""Bundles word for word (contracts 2): plan, apply, export; refusals with file, line and path."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from journeys import engine
from journeys.models import (
    Account,
    Journey,
    JourneyVersion,
    LifecycleVersion,
    Play,
    Scenario,
    Segment,
    Subscription,
    TemplateVersion,
)
from journeys.yaml12 import read
from learning.loading import load_courses
from tests import cast
from tests.cast import DATA

pytestmark = pytest.mark.django_db
SMALL = str(DATA / "small.yaml")
STARTER = sorted(
    map(str, (Path(__file__).parents[2] / "config/starter/shimebi/bundle").glob("*.yaml"))
)


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


@pytest.fixture
def courses() -> None:
    """What the starter's journeys assign."""
    files = (Path(STARTER[0]).parents[1] / "content").glob("*.yaml")
    documents = [read(f.read_text()).data for f in files if f.stem != "articles"]
    load_courses(documents, now=cast.CONTRACT_DAY)


@pytest.mark.usefixtures("courses")
@pytest.mark.parametrize("files", [[SMALL], STARTER], ids=["small", "starter"])
def test_export_of_an_applied_bundle_applied_again_changes_nothing(
    files: list[str], tmp_path: Path
) -> None:
    told("apply", *files)
    before = versions()
    exported = tmp_path / "export.yaml"
    exported.write_text(told("export"))
    nothing: dict[str, Any] = {
        "create": [],
        "update": [],
        "delete": [],
        "touches": {},
        "problems": [],
    }

    assert plan(*files) == nothing
    assert plan(str(exported), "--prune") == nothing
    told("apply", str(exported))

    assert versions() == before
    assert told("export") == exported.read_text()


@pytest.mark.usefixtures("courses")
def test_the_starter_brings_everything_of_the_contract_but_accounts() -> None:
    created = Counter(name.partition("/")[0] for name in plan(*STARTER)["create"])

    assert created == {
        "products": 4, "calendars": 1, "topics": 8, "personas": 4, "templates": 32, "plays": 12,
        "segments": 8, "lifecycles": 2, "journeys": 12, "scenarios": 4,
    }  # fmt: skip


EXAMPLE = """
version: 1
plays: [{key: call, name: 電話, channel: phone, minutes: 10, due: 1bd, cause: operation}]
segments:
- {key: two, name: 二, subject: subscription, when: {segment: one}}
- {key: one, name: 一, subject: subscription, when: {stage: {is: begin}}}
scenarios:
- {key: back, name: 試算, journey: rival, kind: backtest, span: 90d, segment: two}
accounts:
- key: hana
  name: 株式会社はな
  since: "2026-05-11T09:00:00+09:00"
  subscriptions: [{product: app, started_on: "2026-05-11", mrr: 30000, traits: {touch_mode: tech}}]
  contacts: [{id: hana-1, name: はな 花子, email: hana@example.jp, roles: [admin]}]
  facts: [{name: goal.set, contact: hana-1, at: "2026-05-11T10:00:00+09:00"}]
"""


def with_example(tmp_path: Path, before: str = "", after: str = "") -> list[str]:
    """The small vendor and the example, one word changed."""
    file = tmp_path / "more.yaml"
    assert before in EXAMPLE
    file.write_text(EXAMPLE.replace(before, after, 1) if before else EXAMPLE)
    return [SMALL, str(file)]


def test_several_files_are_one_bundle_and_each_may_name_what_another_brings(tmp_path: Path) -> None:
    files = with_example(tmp_path)

    told("apply", *reversed(files))

    # A segment is kept after those it names, whatever the file's order.
    assert list(Segment.objects.order_by("pk").values_list("key", flat=True)) == ["one", "two"]
    assert Play.objects.get().minutes == 10
    assert plan(*files)["create"] == plan(*files)["update"] == []


def test_accounts_are_told_by_calls_and_a_changed_line_is_news(tmp_path: Path) -> None:
    told("apply", *with_example(tmp_path))
    engine.tick(datetime.now(UTC))

    contract = Subscription.objects.select_related("stage").get(account__external_id="hana")
    assert (contract.stage and contract.stage.key, contract.traits["touch_mode"]) == (
        "settle",
        "tech",
    )
    found = plan(*with_example(tmp_path, "name: はな 花子", "name: はな 百合子"))

    assert (found["create"], found["update"]) == ([], ["accounts/hana"])


def test_an_export_never_carries_customers_away(tmp_path: Path) -> None:
    told("apply", *with_example(tmp_path))

    assert "accounts" not in json.loads(told("export", "--format", "json"))


def test_plan_says_how_many_customers_run_on_what_would_change(tmp_path: Path) -> None:
    told("apply", *with_example(tmp_path))
    engine.tick(datetime.now(UTC))

    found = plan(changed(tmp_path, "name: もうひとつ", "name: ふたつめ"))

    assert (found["update"], found["touches"]) == (["journeys/rival"], {"journeys/rival": 0})
    found = plan(changed(tmp_path, "name: 定着", "name: 定着する"))
    assert (found["update"], found["touches"]) == (["lifecycles/route"], {"lifecycles/route": 1})


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("when: {stage: {is: begin}}", "when: {segment: two}", "segments[0].when"),
        ("when: {stage: {is: begin}}", "when: {segment: gone}", "segments[1].when.segment"),
        ("segment: two}\naccounts", "segment: gone}\naccounts", "scenarios[0].segment"),
        ("cause: operation", "cause: weather", "plays[0].cause"),
        ("span: 90d", "span: 90d, to: '2026-05-11T09:00:00+09:00'", "scenarios[0]"),
        ('at: "2026-05-11T10:00:00+09:00"}', "at: tomorrow}", "accounts[0].facts[0].at"),
        ("mrr: 30000", "mrr: -1", "accounts[0].subscriptions[0].mrr"),
    ],
)
def test_a_mistake_in_what_a_bundle_brings_is_refused_with_its_path(
    tmp_path: Path, before: str, after: str, path: str
) -> None:
    files = with_example(tmp_path, before, after)

    with pytest.raises(CommandError) as refused:
        told("apply", *files)

    assert refused.value.returncode == 2
    assert path in str(refused.value)
    assert versions() == [0, 0, 0]


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


def test_nothing_is_deleted_without_prune(tmp_path: Path) -> None:
    told("apply", *with_example(tmp_path))
    file = changed(tmp_path, "- key: rival", "- key: rival-2")

    told("apply", file)
    assert JourneyVersion.objects.get(journey__key="rival").status == "published"
    assert (Play.objects.count(), Scenario.objects.count()) == (1, 1)
    assert plan(file, "--prune")["delete"] == ["plays/call", "journeys/rival", "scenarios/back"]
    told("apply", file, "--prune")

    assert JourneyVersion.objects.get(journey__key="rival").status == "retired"
    assert (Play.objects.count(), Scenario.objects.count()) == (0, 0)


def test_what_is_pruned_but_still_named_is_refused(tmp_path: Path) -> None:
    told("apply", SMALL)
    file = changed(tmp_path, "- {key: again,", "- {key: another,")

    with pytest.raises(CommandError, match="journeys"):
        told("apply", file, "--prune")

    published = TemplateVersion.objects.filter(status="published")
    assert set(published.values_list("template__key", flat=True)) == {"hello", "again", "hint"}


def test_planning_writes_nothing(tmp_path: Path) -> None:
    before = told("export")

    plan(*with_example(tmp_path))

    assert told("export") == before
    assert Subscription.objects.count() == 0


def test_a_product_is_subscribed_by_whoever_meets_its_condition(tmp_path: Path) -> None:
    cast.open_vendor()
    cast.customer("pro", plan="pro")
    cast.customer("free", plan="free")
    file = tmp_path / "product.yaml"
    rule = "{trait: {of: account, name: plan, in: [pro, team]}}"
    file.write_text(f"version: 1\nproducts: [{{key: extra, name: Extra, subscribe: {rule}}}]\n")

    told("apply", str(file))
    cast.customer("team", plan="team")
    engine.tick(cast.SLOT)

    found = Subscription.objects.filter(product__key="extra").order_by("account__external_id")
    assert list(found.values_list("account__external_id", flat=True)) == ["pro", "team"]
    assert {c.started_at for c in found} == {Account.objects.get(external_id="pro").known_since}
