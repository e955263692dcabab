"""News is told by keys: each row is heard once, also one that appears below keys read already."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import lifecycle
from journeys.lifecycle import listening
from journeys.lifecycle.listening import LONG_AGO, OVERLAP, listen
from journeys.models import Contact, Event, Heard, Subscription
from tests import cast
from tests.cast import at, contract, customer, happened, stage_of

pytestmark = pytest.mark.django_db

NOON = at("2026-05-11T12:00")


@pytest.fixture(autouse=True)
def vendor() -> None:
    cast.open_vendor(file="criteria.yaml")


def heard(now: datetime = NOON) -> dict[int, datetime]:
    """What is news now; from then on it is none."""
    news = listen(now)
    found = news.earliest()
    news.keep()
    return found


def hana() -> Contact:
    who = customer("hana")
    heard()
    return who


def test_news_is_heard_once() -> None:
    who = hana()
    happened(who, "app.used", at("2026-05-11T10:00"))
    happened(who, "app.used", at("2026-05-11T09:00"))

    assert heard() == {who.account_id: at("2026-05-11T09:00")}
    assert heard() == {}


def test_a_quiet_look_costs_five_selects_and_writes_nothing() -> None:
    hana()
    with CaptureQueriesContext(connection) as asked:
        heard()
    assert [query["sql"].split()[0] for query in asked] == ["SELECT"] * 5


def test_a_fact_that_commits_late_below_keys_read_already_is_heard() -> None:
    """Its key was drawn before the other's; its transaction ended after the tick had looked."""
    who = hana()
    happened(who, "slow", at("2026-05-11T08:00"))
    slow = Event.objects.get(name="slow")
    happened(who, "quick", at("2026-05-11T10:00"))
    Event.objects.filter(pk=slow.pk).delete()
    assert heard() == {who.account_id: at("2026-05-11T10:00")}

    slow.save(force_insert=True)

    assert heard(NOON + timedelta(minutes=1))[contract(who).account_id] == at("2026-05-11T08:00")
    assert heard(NOON + timedelta(minutes=2)) == {}


def test_what_was_read_long_enough_ago_is_watched_no_more() -> None:
    who = hana()
    for step in range(4):
        happened(who, "app.used", at("2026-05-11T10:00"))
        heard(NOON + step * OVERLAP)
    mark = Heard.objects.get(source="facts")
    keys = list(Event.objects.order_by("pk").values_list("pk", flat=True))
    assert (mark.low, mark.high, mark.count) == (keys[-2], keys[-1], 1)


def test_a_flood_is_read_and_then_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MOST_WATCHED", 3)
    who = hana()
    for _n in range(5):
        happened(who, "app.used", at("2026-05-11T10:00"))
    assert heard() == {who.account_id: at("2026-05-11T10:00")}
    mark = Heard.objects.get(source="facts")
    assert (mark.low, mark.count) == (mark.high, 0)


def test_a_start_that_is_told_reaches_back_however_late_it_is_told() -> None:
    who = hana()
    started = {"subscriptions": [{"product": "app", "started_on": "2026-05-01"}]}
    group = {"type": "group", "groupId": "hana", "userId": who.user_id, "traits": started}
    cast.say(at("2026-05-11T11:00"), group)
    assert heard() == {who.account_id: LONG_AGO}


def test_whoever_comes_brings_what_they_did_before() -> None:
    who = hana()
    about = {"userId": "new", "context": {"groupId": "hana"}}
    cast.say(at("2026-05-11T08:00"), {"type": "identify", "traits": {"roles": ["lead"]}} | about)
    assert heard() == {who.account_id: at("2026-05-11T08:00")}


# --- what a beat costs ------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 3, 300])
def test_a_beat_with_everything_in_it_costs_the_same_for_one_and_for_many(count: int) -> None:
    """Late facts, criteria lost and found, deadlines over, stages left: 1, 3 and 300 of each."""
    movers = [customer(f"m{n}", roles=("lead",)) for n in range(count)]
    laggards = [customer(f"l{n}") for n in range(count)]
    for who in movers:
        happened(who, "kickoff.held", at("2026-05-11T11:00"))
        happened(who, "app.used", at("2026-05-11T11:00"))
    lifecycle.advance(NOON)
    for who in movers:
        happened(who, "kickoff.held", at("2026-05-11T10:00"))
        about = {"userId": who.user_id, "context": {"groupId": who.user_id[:-2]}}
        cast.say(at("2026-05-12T09:00"), {"type": "identify", "traits": {"roles": []}} | about)

    with CaptureQueriesContext(connection) as asked:
        lifecycle.advance(at("2026-05-20T12:00"))

    assert {stage_of(who) for who in movers} == {"setup"}
    assert {stage_of(who) for who in laggards} == {"team"}
    assert Subscription.objects.filter(stage_entered_at=at("2026-05-11T10:00")).count() == count
    assert len(asked) == BEAT


#: 56 on both databases; a new kind of row costs a statement, more customers cost none.
BEAT = 56
