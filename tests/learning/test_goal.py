"""The success goal: two numbers and by when; what was typed is never lost (R12)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from content.loading import load_site
from journeys import engine
from journeys.models import Event, Goal, Subscription
from learning.views.goal import month_end
from tests.learning.world import NOW, doors_at, guest

pytestmark = pytest.mark.django_db
GOOD = {"baseline": "8", "target": "5", "target_on": ""}


def post(client: Client, **values: str):
    with doors_at():
        return client.post("/goal/", GOOD | values)


def get(client: Client, path: str = "/goal/"):
    with doors_at():
        return client.get(path)


@pytest.fixture
def hers(anna) -> Client:
    load_site(
        {"goal_metric": "締めの日数", "goal_unit": "日", "goal_question": "何日かかりますか"},
        now=NOW,
    )
    engine.tick(NOW)
    return guest(anna)


def test_two_numbers_and_a_date_are_a_goal_and_a_fact(anna, hers):
    chosen = get(hers).context["form"].dates[0].value

    answer = post(hers, target_on=chosen)

    goal = Goal.objects.get()
    assert (answer.status_code, answer.url) == (302, "/goal/?done")
    assert (goal.metric, goal.unit) == ("締めの日数", "日")
    assert [goal.baseline, goal.target] == [8, 5]
    assert (str(goal.target_on), goal.agreed_by, goal.agreed_at) == (chosen, anna, NOW)
    assert Event.objects.get(name="goal.set").contact == anna


def test_afterwards_it_says_what_was_registered_and_what_comes_next(hers):
    post(hers)

    words = get(hers, "/goal/?done").content.decode()

    assert "締めの日数 8日 → 5日" in words
    assert "10:00 に登録しました" in words


def test_asking_for_the_page_registers_nothing(hers):
    get(hers)

    assert Goal.objects.count() == 0


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"baseline": ""}, "baseline", "いまの数を入れてください"),
        ({"target": "はやく"}, "target", "数で入れてください"),
        ({"target": "-1"}, "target", "0から99,999まで"),
        ({"baseline": "1e9"}, "baseline", "0から99,999まで"),
        ({"baseline": "NaN"}, "baseline", "0から99,999まで"),
        ({"baseline": "8.25"}, "baseline", "小数は1桁まで"),
        ({"target": "8"}, "target", "いまと目標が同じ数です"),
        ({"target_on": "2031-01-01"}, "target_on", "選択"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_what_was_typed_stays(hers, values, field, words):
    answer = post(hers, **values)

    form, page = answer.context["form"], answer.content.decode()
    assert (answer.status_code, set(form.errors)) == (422, {field})
    assert words in page
    assert f'value="{(GOOD | values)["baseline"]}"' in page
    assert Goal.objects.count() == 0


@pytest.mark.parametrize(
    ("typed", "number"), [("８", 8), ("8日", 8), (" 8.5 ", Decimal("8.5")), ("1,200", 1200)]
)
def test_numbers_are_read_as_people_type_them(hers, typed, number):
    post(hers, baseline=typed)

    assert Goal.objects.get().baseline == number


def test_what_is_kept_for_later_is_there_again_and_not_registered(hers):
    answer = post(hers, baseline="12", target="", action="later")

    assert answer.url == "/goal/?kept"
    page = get(hers, answer.url).content.decode()
    assert 'value="12"' in page
    assert "まだ登録はされていません" in page
    assert Goal.objects.count() == 0


def test_a_goal_that_stands_can_be_changed(hers):
    post(hers)
    assert 'value="8"' in get(hers).content.decode()

    post(hers, target="4")

    assert list(Goal.objects.filter(replaced_at=None).values_list("target", flat=True)) == [4]


def test_nobody_sets_somebody_elses_goal(anna, bert, hers):
    post(hers)

    assert Goal.objects.get().subscription.account == anna.account
    assert "8日 → 5日" not in get(guest(bert), "/roadmap/").content.decode()


def test_without_a_contract_there_is_no_goal_to_set(hers):
    Subscription.objects.update(ended_at=NOW)

    assert post(hers).status_code == 200
    assert Goal.objects.count() == 0


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [(date(2026, 7, 13), 2, date(2026, 9, 30)), (date(2026, 12, 31), 2, date(2027, 2, 28)),
     (date(2027, 12, 1), 2, date(2028, 2, 29)), (date(2026, 1, 31), 0, date(2026, 1, 31))],
)  # fmt: skip
def test_a_months_end_is_its_last_day(day, months, end):
    assert month_end(day, months) == end
