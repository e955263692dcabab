"""R73, R79, R80: what each number counts, one case at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.utils import translation

from learning.engagement import wording
from learning.engagement.figures import Share
from learning.engagement.proving import Proof, proofs
from tests.learning.engagement import build
from tests.learning.engagement.conftest import NOW, QUESTION

YESTERDAY = NOW - timedelta(days=1)


def test_our_own_staff_are_in_no_number(hub):
    company = hub.company()
    build.view(hub.admin(company, "社員", is_staff=True), hub.lesson, YESTERDAY)
    build.view(hub.admin(company), hub.lesson, YESTERDAY, is_staff=True)
    build.view(None, hub.lesson, YESTERDAY, is_staff=True)

    assert (hub.line().targeted, len(hub.line().reached), hub.line().viewed.part) == (1, 0, 0)


def test_visitors_who_are_not_signed_in_are_not_counted(hub):
    build.view(None, hub.article, YESTERDAY)
    assert hub.report().whole.viewed.part == 0


def test_four_seconds_reach_and_five_are_a_view(hub):
    contact = hub.admin()
    build.view(contact, hub.lesson, YESTERDAY, 4_999)
    assert (len(hub.line().reached), hub.line().viewed.part) == (1, 0)

    build.view(contact, hub.lesson, YESTERDAY, 5_000)
    build.view(contact, hub.lesson, YESTERDAY, 9_000)
    assert hub.line().viewed == Share(1, 1)


@pytest.mark.parametrize(
    ("state", "count"), [("accepted", 1), ("delivered", 1), ("uncertain", 0), ("skipped", 0)]
)
def test_a_mail_reaches_when_the_mail_server_took_it(hub, state, count):
    build.mail(hub.admin(), "lesson:route", YESTERDAY, state)
    assert len(hub.line().reached) == count


def test_a_nudge_reaches_when_it_was_on_the_screen(hub):
    build.nudge(hub.admin(name="見た"), "lesson:route", YESTERDAY)
    build.nudge(hub.admin(hub.company("別"), "見ていない"), "lesson:route", None)
    assert len(hub.line().reached) == 1


def test_a_contract_that_left_the_stage_before_the_period_is_not_meant(hub):
    company = build.account("先へ")
    moves = [("setup", NOW - timedelta(days=60)), ("trial", NOW - timedelta(days=31))]
    build.subscription(company, hub.product, *moves)
    hub.admin(company)

    assert hub.line().targeted == 0
    assert hub.line(replace(QUESTION, first=date(2026, 5, 20))).targeted == 1


def test_a_page_for_our_own_staff_is_not_in_the_report(hub):
    build.lesson(hub.course, "internal", audience="internal")
    closed = build.course(hub.courses, "closed", audience="internal")
    build.lesson(closed, "in-closed")
    assert {min(line.item.slugs) for line in hub.report().lines} == {"route", "error"}


def test_a_fact_after_seven_days_is_no_next_action(hub):
    contact = hub.admin()
    seen_at = NOW - timedelta(days=10)
    build.view(contact, hub.lesson, seen_at)
    late = seen_at + timedelta(days=7, seconds=1)
    build.fact("deliverable.changed", late, contact.account, deliverable="route")
    assert hub.line().acted == Share(0, 1)

    build.fact("deliverable.changed", seen_at + timedelta(days=7), contact.account, deliverable="route")  # fmt: skip
    assert hub.line().acted == Share(1, 1)


def test_a_fact_about_something_else_is_no_next_action(hub):
    contact = hub.admin()
    build.view(contact, hub.lesson, YESTERDAY)
    build.fact("deliverable.changed", NOW, contact.account, deliverable="list")
    assert hub.line().acting.may_still == {contact.pk}


def test_what_nothing_proves_is_not_zero(hub):
    build.view(hub.admin(), hub.article, YESTERDAY)
    line = next(line for line in hub.report().lines if line.item.kind == "article")
    assert line.acted is None


def test_an_unreadable_fact_proves_nothing(hub):
    item = replace(hub.line().item, done_by={"event": "x", "where": {"a": {"unknown": 1}}})
    assert proofs([item]) == {}
    assert proofs([replace(item, done_by={"event": "x"})]) == {item.key: Proof(fact="x")}


def test_moving_back_by_hand_is_not_leaving_the_stage(hub):
    company = build.account("戻り")
    moves = [("setup", NOW - timedelta(days=9)), ("prepare", NOW - timedelta(days=2))]
    build.subscription(company, hub.product, *moves)
    build.view(hub.admin(company), hub.lesson, NOW - timedelta(days=5))
    assert hub.line().left == Share(0, 1)


def test_leaving_counts_to_the_end_of_the_twentieth_business_day(hub):
    ends = QUESTION.days.end_of(date(2026, 6, 19))  # 20 business days after Friday 22 May
    for name, moment in (("間に合う", ends - timedelta(seconds=1)), ("遅い", ends)):
        company = build.account(name)
        moves = [("setup", NOW - timedelta(days=60)), ("trial", moment)]
        build.subscription(company, hub.product, *moves)
        seen_at = QUESTION.since + timedelta(hours=10)
        build.view(hub.admin(company, name), hub.lesson, seen_at)
    assert hub.line().left == Share(1, 2)


@pytest.mark.parametrize(("whole", "expected"), [(19, "—"), (20, "45%"), (0, "—")])
def test_under_twenty_there_is_no_share(whole, expected):
    assert wording.percent(Share(min(9, whole), whole)) == expected


def test_a_few_people_make_a_sentence_of_counts(hub):
    contact = hub.admin()
    build.view(contact, hub.lesson, YESTERDAY)
    with translation.override("ja"):
        sentence = wording.headline(hub.report().whole)
    assert sentence == "届いた1名のうち、頼んだ行動までした人は0名です"
