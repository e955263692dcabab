"""The first page: one sign with the one next step (R5, C1), and nobody else's data."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from journeys import engine, goals
from journeys.models import Account, Subscription, User
from tests import cast
from tests.cast import at
from tests.learning.world import (
    NOW,
    article,
    course,
    doors_at,
    guest,
    lesson,
    read,
    signed_in,
    staff,
)

pytestmark = pytest.mark.django_db


def home(client: Client, moment=NOW, path="/"):
    with doors_at(moment):
        return client.get(path)


def text(client: Client, moment=NOW) -> str:
    return home(client, moment).content.decode()


def set_goal(contact, moment=NOW):
    goals.set_goal(
        subscription=cast.contract(contact), contact=contact, metric="日数", unit="日",
        baseline=Decimal(8), target=Decimal(5), target_on=None, now=moment,
    )  # fmt: skip


def test_the_sign_shows_the_one_next_step_its_deadline_and_the_way_to_it(anna):
    engine.tick(NOW)

    page = home(guest(anna))

    board, words = page.context["board"], page.content.decode()
    assert (board.state, board.next.label, board.is_mine) == ("stage", "目標を決める", True)
    assert "5月18日（月）まで" in words
    assert "あと5営業日" in words
    assert words.count('class="j-sign ') == 1


def test_a_met_criterion_is_ticked_before_any_tick(anna):
    """The checklist asks the engine's own predicates, live."""
    engine.tick(NOW)
    set_goal(anna)

    board = home(guest(anna), NOW + timedelta(seconds=5)).context["board"]

    assert (board.state, board.done, [item.met for item in board.items]) == ("ready", 1, [True])


def test_the_next_stage_opens_with_the_tick(anna):
    engine.tick(NOW)
    set_goal(anna)
    engine.tick(NOW + timedelta(minutes=1))

    board = home(guest(anna), NOW + timedelta(minutes=2)).context["board"]

    assert (board.stage.name, board.next.label) == ("定着", "3回使う")
    assert [mark for _stage, mark in board.marks] == ["is-done", "is-here", ""]


def test_at_the_end_of_the_route_it_says_so(anna):
    engine.tick(NOW)
    set_goal(anna)
    for _ in range(3):
        cast.happened(anna, "app.used", NOW + timedelta(minutes=1))
    engine.tick(NOW + timedelta(minutes=2))

    page = home(guest(anna), NOW + timedelta(minutes=3))

    assert page.context["board"].state == "finished"
    assert "「完了」まで進みました" in page.content.decode()


def test_before_the_first_tick_the_route_is_being_prepared(anna):
    assert home(guest(anna)).context["board"].state == "waiting"


def test_without_a_contract_one_can_ask(anna):
    Subscription.objects.update(ended_at=NOW)

    page = home(guest(anna))

    assert (page.status_code, page.context["board"].state) == (200, "none")
    assert "有効なご契約が見つかりません" in page.content.decode()


def test_a_customer_never_reads_that_they_are_late(anna):
    """Design 2: past the deadline they are offered a talk, not told off."""
    engine.tick(NOW)
    late = at("2026-06-01T10:00")

    words = home(guest(anna, late), late).content.decode()

    assert "期限はご相談いただけます" in words
    assert "超過" not in words
    assert "営業日" not in words.split("j-sign__due")[1][:200]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-05-15T10:00", "あと1営業日"),
        ("2026-05-18T09:00", "本日"),
        ("2026-05-17T09:00", "あと1営業日"),
    ],
)
def test_days_left_are_business_days(anna, moment, words):
    engine.tick(NOW)

    assert words in text(guest(anna, at(moment)), at(moment))


def test_who_helps_stands_under_the_sign_with_a_name_and_hours(anna):
    owner = User.objects.create_user(
        "csm@vendor.example", last_name="滝本", first_name="航", title="CS", hours="平日 9–18時"
    )
    Account.objects.update(owner=owner)

    words = text(guest(anna))

    assert "滝本 航" in words
    assert "CS・平日 9–18時" in words
    assert words.index("j-sign ") < words.index("滝本 航") < words.index('id="stage"')


def test_one_goes_on_where_one_stopped_else_with_the_stages_course(anna):
    engine.tick(NOW)
    course(lessons=2)
    read(anna, lesson("basics-1"))

    resume = home(guest(anna)).context["lesson"]

    assert (resume.lesson.slug, resume.percent) == ("basics-2", 0)


def test_a_customer_sees_their_own_company_and_no_other(anna, bert):
    """R61, I-isolation: neither name nor progress of another account."""
    engine.tick(NOW)
    course(lessons=1)
    read(bert, lesson("basics-1"))
    set_goal(bert)

    words, page = text(guest(anna)), home(guest(anna))

    assert "株式会社anna" in words
    assert "bert" not in words
    assert page.context["board"].done == 0
    assert page.context["lesson"].percent == 0


def test_a_visit_that_has_ended_shows_the_public_page(anna):
    engine.tick(NOW)
    browser = guest(anna, hours=72)

    within, beyond = NOW + timedelta(hours=71), NOW + timedelta(hours=72)

    assert "anna 花子" in text(browser, within)
    assert "anna 花子" not in text(browser, beyond)


def test_the_public_is_shown_the_way_in_and_what_anybody_can_read(db):
    article("open")
    article("closed", audience="customer")

    page = home(Client())

    assert [one.title for one in page.context["articles"]] == ["open"]
    assert "メールのリンクから入れます" in page.content.decode()


def test_staff_are_told_that_their_looking_is_not_counted(db):
    assert "閲覧は数えません" in text(staff())


def test_a_guest_is_told_as_whom_the_page_is_open_and_until_when(anna):
    assert "5月14日（木） 10:00 まで開けます" in text(guest(anna))


def test_home_is_never_kept_by_a_cache(anna):
    assert "no-store" in home(guest(anna))["Cache-Control"]


def test_of_two_contracts_the_one_due_first_is_shown_and_the_other_is_a_link(anna, tmp_path):
    small = (cast.DATA / "small.yaml").read_text()
    second = small.split("lifecycles:")[0].replace("key: app, name: App", "key: extra, name: Extra")
    file = tmp_path / "second.yaml"
    file.write_text(second)
    cast.open_vendor(file=str(file))
    cast.say(NOW, {"type": "group", "groupId": "anna", "userId": "anna-1", "traits": {
        "subscriptions": [{"product": "extra", "started_on": "2026-05-11"}]}})  # fmt: skip
    engine.tick(NOW)

    first, other = home(guest(anna)), home(guest(anna), path="/?product=extra")

    assert first.context["board"].subscription.product.key == "app"
    assert [sub.product.key for sub in first.context["board"].others] == ["extra"]
    assert other.context["board"].state == "waiting"


@pytest.mark.parametrize("lessons", [1, 3, 30])
def test_home_costs_the_same_however_many_lessons_there_are(anna, lessons):
    engine.tick(NOW)
    course(lessons=lessons)
    browser = signed_in(anna)
    home(browser)

    with CaptureQueriesContext(connection) as queries:
        home(browser)

    assert len(queries) == 25


def test_a_step_of_another_role_is_shown_as_theirs(anna, tmp_path):
    small = (cast.DATA / "small.yaml").read_text()
    file = tmp_path / "vendor.yaml"
    file.write_text(
        small.replace("label: 目標を決める, when", "label: 目標を決める, who: accounting, when")
    )
    cast.open_vendor(file=str(file))
    clara = cast.customer("clara")
    engine.tick(NOW)

    page = home(guest(clara))

    assert page.context["board"].is_mine is False
    assert "いまは経理責任者の方の番です" in page.content.decode()


def test_a_step_of_several_times_says_how_far_it_is(anna):
    engine.tick(NOW)
    set_goal(anna)
    cast.happened(anna, "app.used", NOW)
    engine.tick(NOW + timedelta(minutes=1))

    assert "3件のうち1件" in text(guest(anna), NOW + timedelta(minutes=2))
