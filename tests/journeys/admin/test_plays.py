"""Tasks for a person: the open ones, one page each, and what is done there is on record (R84)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from journeys import conditions
from journeys.models import Contact, Play, PlayTask
from tests.cast import at, contract, customer, happened
from tests.journeys.admin.conftest import as_, url
from tests.journeys.plays.world import USED, open_vendor, publish, tick

pytestmark = pytest.mark.django_db
LIST = "/admin/journeys/playtask/"


@pytest.fixture
def csm(db: None) -> Client:
    open_vendor()
    publish({"id": "call", "task": "call", "return_when": USED})
    customer("hana")
    tick("2026-05-11T09:30")
    return as_("csm")


def act(client: Client, **said: str) -> PlayTask:
    task = PlayTask.objects.get()
    client.post(url("act", task), said)
    return PlayTask.objects.get()


def shown(client: Client, query: str = "") -> list[str]:
    page = client.get(LIST + query)
    return [str(row.account) for row in page.context["cl"].result_list]


def test_the_list_shows_open_tasks_with_due_customer_and_why(csm):
    page = csm.get(LIST).content.decode()
    for said in (
        "株式会社hana",
        "電話",
        "人の手・目標を決める",
        "2 business days left",
        "Hand-off",
    ):
        assert said in page


def test_ended_tasks_are_listed_when_asked_for(csm):
    act(csm, do="done")
    assert (shown(csm), shown(csm, "?state=done")) == ([], ["株式会社hana"])
    assert shown(csm, "?state=all") == ["株式会社hana"]


def test_a_tasks_page_says_why_what_to_say_and_when_it_ends_by_itself(csm):
    page = csm.get(url("change", PlayTask.objects.get())).content.decode()
    for said in ("人の手", "目標を決める", "責めない。", "app.used", "Given to a person"):
        assert said in page


def test_somebody_takes_it_in_hand_and_says_it_is_done(csm):
    taken = act(csm, do="start")
    assert str(taken.owner) == str(taken.started_by) == "csm"

    done = act(csm, do="done", outcome="other_cause", minutes="12", note="社内調整")

    assert (done.state, done.outcome, done.minutes_spent, done.note) == (
        "done", "other_cause", 12, "社内調整",
    )  # fmt: skip
    assert str(done.closed_by) == "csm"
    assert contract(done.account.contacts.get()).path == "on"
    said = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(said) == ["It is yours now.", "Done. What waited for it goes on."]


@pytest.mark.parametrize(
    "said",
    [
        {"do": "done", "minutes": "ten"},
        {"do": "done", "minutes": "99999"},
        {"do": "done", "outcome": "great"},
        {"do": "fly"},
        {},
    ],
)
def test_what_cannot_be_read_changes_nothing_and_says_so(csm, said):
    task = PlayTask.objects.get()
    answer = csm.post(url("act", task), said, follow=True)
    assert PlayTask.objects.get().state == "open"
    assert [m.level_tag for m in answer.context["messages"]] == ["error"]


def test_an_ended_task_is_not_ended_again(csm):
    act(csm, do="cancel")
    task = PlayTask.objects.get()
    answer = csm.post(url("act", task), {"do": "done"}, follow=True)
    assert PlayTask.objects.get().state == "cancelled"
    assert [m.level_tag for m in answer.context["messages"]][-1:] == ["warning"]


def test_reading_changes_nothing(csm):
    task = PlayTask.objects.get()
    assert csm.get(url("act", task)).status_code == 405
    assert PlayTask.objects.get().state == "open"


def test_sales_do_not_see_tasks_and_nobody_without_the_right_ends_them(csm):
    task = PlayTask.objects.get()
    sales = as_("sales")
    assert sales.get(LIST).status_code == 403
    assert sales.post(url("act", task), {"do": "done"}).status_code == 403


def test_a_play_is_written_by_cs_operations(csm):
    ops, play = as_("cs_ops"), Play.objects.get(key="call")
    said = {
        "name": "電話する", "channel": "phone", "minutes": "15", "speaks_to": "admin, approver",
        "guide": "まず礼を言う。", "cause": "operation", "due": "1bd",
    }  # fmt: skip
    ops.post(url("change", play), said)
    play.refresh_from_db()
    assert (play.name, play.minutes, play.roles, play.number) == (
        "電話する", 15, ["admin", "approver"], 2,
    )  # fmt: skip

    page = ops.post(reverse("admin:journeys_play_add"), {**said, "key": "new", "due": "soon"})
    assert "due" in page.context["adminform"].form.errors
    ops.post(reverse("admin:journeys_play_add"), {**said, "key": "new"})
    assert Play.objects.get(key="new").number == 1


def test_the_list_costs_the_same_for_one_and_for_many(csm, django_assert_max_num_queries):
    for n in range(30):
        customer(f"c{n}")
    tick("2026-05-11T09:31")
    assert PlayTask.objects.count() == 31
    with django_assert_max_num_queries(20):
        csm.get(LIST)


# --- handing over from the customer's page ------------------------------------------------------------
HAND_OFF = "/admin/journeys/playtask/hand-off/"


@pytest.fixture
def taro(db: None) -> Contact:
    open_vendor()
    taro = customer("taro")
    tick("2026-05-11T09:30")
    return taro


def hand_over(client: Client, taro: Contact, **said: str) -> Any:
    form = {"contract": contract(taro).pk, "play": "call", "why": "相談したい", "back": "stage"}
    return client.post(HAND_OFF, form | said, follow=True)


@pytest.mark.parametrize(
    ("back", "condition"),
    [
        ("stage", {"not": {"stage": {"is": "begin"}}}),
        ("c:aim", {"event": {"name": "goal.set", "by": "account", "count": {"gte": 1}}}),
    ],
)
def test_r83_a_colleague_hands_a_customer_over_from_its_page(taro, back, condition):
    csm = as_("csm")
    page = csm.get(url("change", taro.account)).content.decode()
    assert 'name="back"' in page
    hand_over(csm, taro, back=back, due="3bd")

    task = PlayTask.objects.get()
    assert (task.why, str(task.opened_by), task.origin) == ("相談したい", "csm", "hand")
    assert conditions.hash_of(
        conditions.parse(task.return_when, subject="subscription")
    ) == conditions.hash_of(conditions.parse(condition, subject="subscription"))
    assert (task.due_on.isoformat(), contract(taro).path) == ("2026-05-14", "off")
    page = csm.get(url("change", taro.account)).content.decode()
    assert "相談したい" in page
    assert "Given to a person" in page

    happened(taro, "goal.set", at("2026-05-11T11:00"))
    tick("2026-05-11T11:05")
    assert contract(taro).path == "on"


@pytest.mark.parametrize(
    "said", [{"why": "  "}, {"back": "c:none"}, {"play": "none"}, {"due": "soon"}]
)
def test_o7_a_hand_off_without_reason_or_way_back_is_refused(taro, said):
    answer = hand_over(as_("csm"), taro, **said)
    assert [m.level_tag for m in answer.context["messages"]] == ["error"]
    assert (PlayTask.objects.count(), contract(taro).path) == (0, "on")


def test_the_door_asks_for_the_right_a_post_and_a_live_contract(taro):
    csm = as_("csm")
    assert csm.get(HAND_OFF).status_code == 405
    assert as_("sales").post(HAND_OFF, {}).status_code == 403
    assert hand_over(csm, taro, contract="x").status_code == 404
