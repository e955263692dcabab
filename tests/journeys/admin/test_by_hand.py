"""From the customer's page: move, hold, let go, extend, measure; and moving a route's contracts."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from journeys import engine
from journeys.goals import set_goal
from journeys.models import (
    Contact,
    Deliverable,
    Event,
    GoalMeasurement,
    Lifecycle,
    LifecycleVersion,
    StageTransition,
)
from journeys.publishing import publish_lifecycle
from tests import cast
from tests.journeys.admin.conftest import as_, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def csm(vendor):
    return as_("csm")


def begun(key: str = "a") -> Contact:
    who = cast.customer(key)
    engine.tick(cast.CONTRACT_DAY)
    return who


def stage_of(who: Contact) -> Any:
    return cast.contract(who).stage


def version_of(who: Contact) -> Any:
    return cast.contract(who).version


def deed(who: Contact, name: str, contract: int | None = None) -> str:
    args = [who.account_id, contract or cast.contract(who).pk, name]
    return reverse("admin:journeys_account_by_hand", args=args)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_r7_a_csm_moves_a_contract_with_a_reason(csm):
    who = begun()

    shown = csm.post(deed(who, "move"), {"to": "settle", "reason": "agreed by phone"}, follow=True)

    move = StageTransition.objects.get(cause="manual")
    assert (move.to_stage, move.note) == ("settle", "agreed by phone")
    assert said(shown) == ["Moved to “定着”. It stays there until you let it go."]
    assert shown.context["hand"]["held"] is True
    assert any("agreed by phone" in e.detail for e in shown.context["timeline"].entries)


def test_r7_without_a_reason_nothing_moves_and_a_sentence_says_why(csm):
    who = begun()

    shown = csm.post(deed(who, "move"), {"to": "settle", "reason": " "}, follow=True)

    assert said(shown) == ["Write the reason: it is kept with the move."]
    assert stage_of(who).key == "begin"


def test_r7_held_and_let_go(csm):
    who = begun()
    csm.post(deed(who, "hold"), {"reason": "their year end"})
    assert cast.contract(who).path == "hold"

    shown = csm.post(deed(who, "release"), {"reason": "over"}, follow=True)

    assert (cast.contract(who).path, cast.contract(who).manual_until_released) == ("on", False)
    kept = {e.badge for e in shown.context["timeline"].entries}
    assert {"Held in its stage", "Given back to the criteria"} <= kept


def test_r10_the_deadline_is_extended_and_the_original_stays(csm):
    who = begun()
    csm.post(deed(who, "extend"), {"until": "2026-05-25", "reason": "holidays"})
    now = cast.contract(who)
    assert (now.stage_due_on, now.original_due_on) == (date(2026, 5, 25), date(2026, 5, 18))


@pytest.mark.parametrize("until", ["", "2026-02-30", "tomorrow", "2026-05-01"])
def test_r10_a_day_that_is_none_or_earlier_is_refused(csm, until):
    who = begun()
    shown = csm.post(deed(who, "extend"), {"until": until, "reason": "x"}, follow=True)
    assert len(said(shown)) == 1
    assert cast.contract(who).stage_due_on == date(2026, 5, 18)


def test_r12_a_measured_value_is_kept_with_who_entered_it(csm):
    who = begun()
    goal = set_goal(
        subscription=cast.contract(who), contact=who, metric="days", unit="d",
        baseline=Decimal(8), target=Decimal(4), target_on=None, now=cast.CONTRACT_DAY,
    )  # fmt: skip
    shown = csm.post(deed(who, "measure"), {"goal": goal.pk, "value": "6"}, follow=True)
    assert said(shown) == ["Kept: days is 6d now."]
    assert GoalMeasurement.objects.get().by_user_id is not None
    assert cast.contract(who).traits["goals.attainment"] == 0.5


def test_r3_a_csm_confirms_a_stage_with_what_shows_it(csm):
    who = begun()
    csm.post(deed(who, "confirm"), {"reason": "saw their first closing"})
    fact = Event.objects.get(name="stage.confirmed")
    assert (fact.account_id, fact.product) == (who.account_id, "app")
    assert (fact.properties["stage"], fact.properties["evidence"]) == (
        "begin", "saw their first closing",
    )  # fmt: skip


def test_r3_a_csm_enters_a_deliverable(csm):
    who = begun()
    csm.post(deed(who, "deliver"), {"key": "route", "state": "done"})
    assert cast.contract(who).traits["deliverable.route"] == "done"
    assert Deliverable.objects.get().state == "done"


@pytest.mark.parametrize("given", [{"key": "", "state": "x"}, {"key": "x" * 101, "state": "x"}])
def test_a_deliverable_without_a_name_is_refused(csm, given):
    csm.post(deed(begun(), "deliver"), given)
    assert not Deliverable.objects.exists()


@pytest.mark.parametrize("given", [{"goal": "x", "value": "1"}, {"goal": "9" * 30, "value": "1"}])
def test_an_aim_that_does_not_stand_is_refused(csm, given):
    shown = csm.post(deed(begun(), "measure"), given, follow=True)
    assert said(shown) == ["This aim does not stand any more."]


def test_r101_who_may_not_gets_403_and_sees_no_form(vendor):
    who = begun()
    sales = as_("sales")
    assert sales.post(deed(who, "move"), {"to": "settle", "reason": "x"}).status_code == 403
    page = sales.get(reverse("admin:journeys_account_change", args=[who.account_id]))
    assert page.context["hand"] == {}
    assert b'id="by-hand"' not in page.content


def test_a_get_changes_nothing(csm):
    assert csm.get(deed(begun(), "hold")).status_code == 405


def test_another_companys_contract_is_not_found(csm):
    mine, theirs = begun("a"), begun("b")
    address = deed(mine, "hold", cast.contract(theirs).pk)
    assert csm.post(address, {"reason": "x"}).status_code == 404
    assert csm.post(deed(mine, "delete"), {"reason": "x"}).status_code == 404
    assert cast.contract(theirs).path == "on"


# --- a route's contracts ----------------------------------------------------------------------------
def renamed() -> Lifecycle:
    document = copy.deepcopy(LifecycleVersion.objects.get().document)
    document["stages"][0]["key"] = "fresh"
    return publish_lifecycle(document, cast.SLOT)[0].lifecycle


def test_r105_contracts_move_to_the_published_version_after_a_look(ops):
    who = begun()
    route = renamed()

    looked = ops.get(url("move_contracts", route))
    assert [(r.old.key, r.new, r.count) for r in looked.context["rows"]] == [("begin", None, 1)]
    mapped = ops.get(url("move_contracts", route) + "?from=1&stage.begin=fresh")
    assert mapped.context["unplaced"] == []
    assert stage_of(who).key == "begin"

    ops.post(url("move_now", route), {"from": "1", "stage.begin": "fresh", "reason": "new text"})

    assert (stage_of(who).key, version_of(who).number) == ("fresh", 2)


def test_r105_a_stage_without_a_place_is_named_and_nobody_moves(ops):
    who = begun()
    answer = ops.post(url("move_now", renamed()), {"from": "1", "reason": "new text"})
    assert answer.status_code == 409
    assert "はじめ" in answer.context["refused"]
    assert answer.context["reason"] == "new text"
    assert version_of(who).number == 1


def test_r105_only_who_may_publish_moves_contracts(vendor):
    begun()
    route = renamed()
    assert as_("csm").post(url("move_now", route), {"from": "1", "reason": "x"}).status_code == 403
