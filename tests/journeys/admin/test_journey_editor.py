"""Writing a journey in the admin: from nothing to published, and nothing typed is ever lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from journeys import engine, permission
from journeys.admin.editor import drafts, steps
from journeys.models import Enrollment, Journey, JourneyVersion, Message, Pause
from tests import cast
from tests.journeys.admin.conftest import as_, form, post, seen, url

pytestmark = pytest.mark.django_db

ADD = "/admin/journeys/journey/add/"


def new_journey(ops: Client, key: str = "mine") -> Journey:
    answer = ops.post(ADD, {"name": "Mine", "key": key})
    assert answer.status_code == 302
    return Journey.objects.get(key=key)


def save_head(client: Client, journey: Journey, **changes: str):
    return client.post(url("head", journey), form(client, journey, **changes))


def save_step(client: Client, journey: Journey, step_id: str, **changes: str):
    return client.post(
        url("step", journey, step_id), form(client, journey, f"?step={step_id}", **changes)
    )


def document(journey: Journey) -> dict[str, Any]:
    journey.refresh_from_db()
    return drafts.read(journey).document


def step_of(journey: Journey, step_id: str) -> dict[str, Any]:
    found = steps.find(document(journey), step_id)
    assert found is not None
    return found.step


HEAD = {
    "aim__satisfaction": "less to ask", "aim__efficiency": "fewer calls", "aim__kpi": "on time",
    "product": "app", "entry_kind": "stage", "entry__stage": "begin", "to__role": "admin",
    "enroll": "existing", "topic": "start",
}  # fmt: skip


def test_a_journey_is_written_from_nothing_and_published(ops):
    """The issue's line: steps added, edited, published, and the engine walks them."""
    journey = new_journey(ops)
    save_head(ops, journey, **HEAD)
    post(ops, journey, "add_step", kind="email", index="0")
    save_step(ops, journey, "email-1", email="hello", skip_if="event: {name: goal.set}")
    post(ops, journey, "add_step", kind="wait", index="1")
    save_step(ops, journey, "wait-1", wait="3bd")
    answer = post(ops, journey, "publish_now")
    assert answer.status_code == 302
    version = JourneyVersion.objects.get(journey=journey)
    assert [op["op"] for op in reversed(version.program["ops"])] == ["email", "wait"]
    who = cast.customer("a")
    engine.tick(cast.SLOT)
    assert Message.objects.get(journey_key="mine").contact == who


def test_a_published_draft_is_gone_and_the_document_stays_as_it_was(ops, journey):
    before = document(journey)
    save_head(ops, journey)
    assert document(journey) == before


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("priority", "very"), ("holdout", "200"), ("goal", "event: {name: "), ("goal", "no: such"),
        ("entry__when", "all: []"), ("exit_when", "just words"), ("aim__review_by", "someday"),
        ("reentry__after", "10000000000d"),
    ],
)  # fmt: skip
def test_a_draft_keeps_what_its_author_typed_however_wrong(ops, journey, field, typed):
    """The issue: a draft is never lost by a refusal."""
    kinds = {"entry__when": {"entry_kind": "when"}, "reentry__after": {"reentry_kind": "after"}}
    answer = save_head(ops, journey, **kinds.get(field, {}), **{field: typed})
    assert answer.status_code == 302
    assert form(ops, journey)[field.replace("__", ".")] == typed


@pytest.mark.parametrize("typed", ["-5min", "1000000000d", "soon", ""])
def test_a_wrong_length_of_time_stays_and_is_marked_at_its_field(ops, journey, typed):
    """4.3.42: a field error with the range."""
    save_step(ops, journey, "rest", wait=typed)
    page = ops.get(url("change", journey) + "?step=rest")
    (row,) = page.context["inspector"]["rows"]
    assert (row.value, len(row.problems)) == (typed, 1)


def test_publishing_a_journey_with_mistakes_is_refused_and_the_draft_stays(ops, journey):
    """R24, 4.3.40: each mistake is named; nothing is lost and nothing is published."""
    save_head(ops, journey, aim__kpi="")
    save_step(ops, journey, "hello", email="")
    answer = post(ops, journey, "publish_now")
    assert {(p.step_id, p.problem.path) for p in answer.context["problems"]} == {
        ("", "aim.kpi"), ("hello", "email"),
    }  # fmt: skip
    assert JourneyVersion.objects.filter(journey=journey).count() == 1
    assert document(journey)["steps"][0] == {"id": "hello", "email": ""}


def test_a_refused_new_journey_shows_everything_that_was_typed(ops, journey):
    answer = ops.post(ADD, {"name": "Mine", "key": "Not A Key"})
    assert answer.status_code == 400
    assert b'value="Not A Key"' in answer.content
    assert ops.post(ADD, {"name": "x", "key": journey.key}).status_code == 400


def test_a_copy_begins_with_the_text_of_another(ops, journey):
    """O1: clone, edit, publish."""
    ops.post(ADD, {"name": "Copy", "key": "copy", "copy_of": journey.pk})
    copied = document(Journey.objects.get(key="copy"))
    assert copied == document(journey) | {"key": "copy", "name": "Copy"}


# --- steps ------------------------------------------------------------------------------------------
def test_steps_go_in_between_move_and_come_out(ops, journey):
    post(ops, journey, "add_step", kind="wait", index="1")
    assert [s["id"] for s in document(journey)["steps"][:3]] == ["hello", "wait-1", "hint"]
    post(ops, journey, "move", "wait-1", to="up")
    assert [s["id"] for s in document(journey)["steps"][:2]] == ["wait-1", "hello"]
    post(ops, journey, "remove", "wait-1")
    assert steps.find(document(journey), "wait-1") is None


def test_branches_take_steps_of_their_own(ops, journey):
    post(ops, journey, "add_step", kind="if", index="0")
    post(ops, journey, "add_step", kind="leave", index="0", parent="if-1", branch="else")
    assert document(journey)["steps"][0] == {
        "id": "if-1", "if": {}, "else": [{"id": "leave-1", "leave": ""}],
    }  # fmt: skip


def test_an_id_that_was_ever_published_is_never_given_again(ops):
    journey = new_journey(ops)
    save_head(ops, journey, **HEAD)
    post(ops, journey, "add_step", kind="wait", index="0")
    post(ops, journey, "publish_now")
    post(ops, journey, "remove", "wait-1")
    post(ops, journey, "add_step", kind="wait", index="0")
    assert steps.ids(document(journey)) == {"wait-2"}


def test_a_step_keeps_its_kind_whatever_is_posted(ops, journey):
    token = seen(ops, journey)
    ops.post(url("step", journey, "rest"), {"seen": token, "email": "hello", "wait": "1bd"})
    assert step_of(journey, "rest") == {"id": "rest", "wait": "1bd"}


def test_the_last_step_of_a_branch_takes_its_branch_along(ops, journey):
    post(ops, journey, "remove", "late")
    assert "on_timeout" not in step_of(journey, "settled")


# --- two editors ------------------------------------------------------------------------------------
def test_the_second_editor_gets_who_and_when_and_keeps_their_own_text(ops, journey):
    """4.3.39: no overwrite, the difference, and their text back."""
    other = as_("cs_ops", "other@vendor.example")
    mine = form(other, journey, name="Second")
    save_head(ops, journey, name="First", aim__kpi="first kpi")
    answer = other.post(url("head", journey), mine)
    assert answer.status_code == 409
    assert "cs_ops" in answer.context["conflict"]["who"]
    changed = {c.where: (c.old, c.new) for c in answer.context["conflict"]["changes"]}
    assert changed["Name"] == ("First", "Second")
    assert b'value="Second"' in answer.content
    assert document(journey)["name"] == "First"


def test_saving_again_after_a_conflict_goes_over_what_stands(ops, journey):
    other = as_("cs_ops", "other@vendor.example")
    mine = form(other, journey, "?step=rest", wait="9bd")
    save_head(ops, journey, name="First")
    answer = other.post(url("step", journey, "rest"), mine)
    mine["seen"] = answer.context["desk"].draft.token
    other.post(url("step", journey, "rest"), mine)
    assert document(journey)["name"] == "First"
    assert step_of(journey, "rest")["wait"] == "9bd"


def test_a_double_click_is_no_conflict(ops, journey):
    said = form(ops, journey, name="Once")
    assert [ops.post(url("head", journey), said).status_code for _ in range(2)] == [302, 302]


def test_moving_publishing_and_dropping_look_at_the_draft_that_was_seen(ops, journey):
    stale = seen(ops, journey)
    save_head(ops, journey, name="Newer")
    for name, args in (("move", ("hint",)), ("publish_now", ()), ("drop", ())):
        ops.post(url(name, journey, *args), {"seen": stale, "to": "up"})
    assert document(journey)["name"] == "Newer"
    assert [s["id"] for s in document(journey)["steps"][:2]] == ["hello", "hint"]
    assert JourneyVersion.objects.filter(journey=journey).count() == 1


# --- publishing -------------------------------------------------------------------------------------
def test_the_page_before_publishing_says_what_changes_and_whom_it_reaches(ops, journey):
    """O5: who is inside stays; the changes are in plain words."""
    cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    post(ops, journey, "pause")
    cast.customer("b")
    engine.tick(cast.SLOT)
    save_step(ops, journey, "rest", wait="2w")
    page = ops.get(url("publish", journey))
    assert [(c.where, c.old, c.new) for c in page.context["changes"]] == [
        ("Wait「2 weeks」・How long", "5 business days", "2 weeks")
    ]
    assert page.context["inside"] == [(1, 1)]
    assert (page.context["entering"]["matching"], page.context["problems"]) == (1, [])


def test_edit_after_publish_makes_version_two_and_version_one_runs_on(ops, journey):
    """R105."""
    cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    save_step(ops, journey, "rest", wait="1bd")
    post(ops, journey, "publish_now")
    assert Enrollment.objects.get(journey=journey).version.number == 1
    assert journey.versions.get(status="published").number == 2


def test_who_matches_already_stays_out_of_a_first_version_for_new_ones(ops):
    cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    journey = new_journey(ops)
    save_head(ops, journey, **HEAD | {"enroll": "new"})
    post(ops, journey, "add_step", kind="wait", index="0")
    page = ops.get(url("publish", journey))
    assert page.context["entering"] | {"names": 0} == {
        "matching": 1, "names": 0, "stays_out": True,
    }  # fmt: skip
    post(ops, journey, "publish_now")
    engine.tick(cast.SLOT)
    assert Enrollment.objects.get(journey=journey).status == Enrollment.Status.OUT


def test_a_journey_is_paused_and_goes_on(ops, journey):
    """R36."""
    post(ops, journey, "pause")
    assert permission.paused_journeys(cast.SLOT) == {journey.key}
    post(ops, journey, "pause")
    assert not Pause.objects.filter(to_at=None).exists()
