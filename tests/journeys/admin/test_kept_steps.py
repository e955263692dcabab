"""What a bundle can say and the editor does not write yet is shown, and never lost."""

from __future__ import annotations

from typing import Any

import pytest

from journeys import engine
from journeys.admin.editor import steps
from journeys.models import Decision, Journey
from journeys.publishing import publish_journey
from tests import authoring, cast
from tests.journeys.admin.conftest import as_, form, post, seen, url

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
STEPS: list[dict[str, Any]] = [
    {"id": "lot", "split": [
        {"weight": 40, "steps": [{"id": "mark", "set": {"wave": 1}}]},
        {"weight": 60, "steps": [{"id": "f", "if": USED, "then": [{"id": "c", "assign": "kiso"}]}]}]},
    {"id": "window", "wait": "1d", "send_window": True},
    {"id": "m", "email": "hello"},
]  # fmt: skip


@pytest.fixture
def wide(vendor: None) -> Journey:
    said = authoring.document(*STEPS, key="wide", entry={"event": "app.used", "when": USED},
                              reentry={"after": "30d"})  # fmt: skip
    return publish_journey(said, cast.CONTRACT_DAY)[0].journey


def document(journey: Journey) -> dict[str, Any]:
    journey.refresh_from_db()
    return journey.draft or journey.versions.latest("number").document


def test_every_kind_is_shown_in_its_branch(ops, wide):
    page = ops.get(url("change", wide))
    words = page.content.decode()

    assert page.status_code == 200
    for text in ("Split", "40%", "60%", "wave = 1", "kiso", "app.used"):
        assert text in words
    assert [f.id for f in steps.walk(document(wide))] == ["lot", "mark", "f", "c", "window", "m"]
    for step in ("lot", "mark", "c", "m"):
        assert ops.get(url("change", wide) + f"?step={step}").status_code == 200


def test_saving_the_head_keeps_the_entry_and_the_steps(ops, wide):
    before = document(wide)
    assert ops.post(url("head", wide), form(ops, wide, name="Other")).status_code == 302

    after = document(wide)
    assert after["name"] == "Other"
    assert (after["entry"], after["steps"]) == (before["entry"], before["steps"])


def test_a_step_of_another_kind_is_not_written_over(ops, wide):
    answer = ops.post(url("step", wide, "lot"), {"seen": seen(ops, wide), "split": "x"})

    assert answer.status_code == 404
    assert document(wide)["steps"] == STEPS


def test_steps_move_and_come_in_inside_a_split(ops, wide):
    post(ops, wide, "add_step", kind="wait", parent="lot", branch="split.1", index="0")
    post(ops, wide, "move", "lot", to="down")

    said = document(wide)["steps"]
    assert [s["id"] for s in said] == ["window", "lot", "m"]
    assert [s["id"] for s in said[1]["split"][1]["steps"]] == ["wait-1", "f"]
    post(ops, wide, "remove", "mark")
    assert document(wide)["steps"][1]["split"][0] == {"weight": 40, "steps": []}


def test_a_mistake_inside_a_split_is_shown_at_its_step(ops, wide):
    wide.draft = {**document(wide)}
    wide.draft["steps"][0]["split"][1]["steps"][0]["then"][0]["due"] = "soon"
    wide.save()

    page = ops.get(url("change", wide))
    assert [one.step_id for one in page.context["problems"]] == ["c"]


def test_the_page_before_publishing_counts_who_would_come_in_by_a_fact(ops, wide):
    cast.happened(cast.customer("hana"), "app.used", cast.CONTRACT_DAY)
    assert ops.get(url("publish", wide)).status_code == 200


def test_somebody_lets_people_in_by_name_and_why_stays_in_the_ledger(ops, wide):
    """R25: a CSM's click."""
    hana = cast.customer("hana")
    engine.tick(cast.CONTRACT_DAY)

    answer = post(ops, wide, "let_in", who="hana-1, nobody", reason="asked on the phone")

    assert answer.status_code == 302
    came = Decision.objects.get(verdict="entered", journey_key="wide")
    assert (came.contact_id, came.reason, came.evidence["note"], came.evidence["by"]) == (
        hana.pk, "by_hand", "asked on the phone", "cs_ops@vendor.example",
    )  # fmt: skip
    words = ops.get(url("change", wide)).content.decode()
    assert "1 came in." in words
    assert "1 did not" in words


def test_letting_in_is_for_who_may_change_journeys_and_only_by_post(ops, wide):
    assert as_("sales").post(url("let_in", wide), {"who": "hana-1"}).status_code == 403
    assert ops.get(url("let_in", wide)).status_code == 405
