"""The ways into a journey: level, fact, calendar, by name, and where a stage leads on (R25, R28)."""

from __future__ import annotations

from datetime import date

import pytest

from journeys import engine, enrollments, permission
from journeys.enrollments import NotOpen, enroll_by, occasions
from journeys.models import Decision, Enrollment, NextScenario, Pause, Subscription
from journeys.timing import Days
from tests import authoring
from tests.authoring import journey, run_of, tick
from tests.cast import CONTRACT_DAY, at, customer, happened, say

pytestmark = pytest.mark.django_db

PAUSE = {"id": "p", "wait": "1bd"}
LONG = {"id": "p", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


def runs(key: str = "j") -> list[tuple[str, int, str]]:
    rows = Enrollment.objects.filter(journey__key=key).order_by("pk")
    return list(rows.values_list("contact__user_id", "run", "status"))


# --- a level ---------------------------------------------------------------------------------------
def test_entry_is_a_level_whoever_matches_and_may_enter_enters_at_the_tick() -> None:
    journey(LONG, entry={"when": {"event": {"name": "app.used"}}})
    hana = customer("hana")
    tick("2026-05-11T10:00")
    assert runs() == []

    happened(hana, "app.used", at("2026-05-11T10:05"))
    tick("2026-05-11T10:06")

    assert runs() == [("hana-1", 1, "in")]
    assert Decision.objects.get(verdict="entered").reason == "entry_matched"


def test_a_date_offset_is_a_level_too() -> None:
    journey(
        LONG,
        entry={"when": {"date": {"of": "subscription", "name": "renewal_on", "before": "120d"}}},
    )
    customer(
        "near",
        subscriptions=[{"product": "app", "started_on": "2026-05-11", "renewal_on": "2026-09-01"}],
    )
    customer(
        "far",
        subscriptions=[{"product": "app", "started_on": "2026-05-11", "renewal_on": "2027-05-11"}],
    )

    tick("2026-05-11T10:00")

    assert runs() == [("near-1", 1, "in")]


def test_enroll_new_keeps_out_who_matched_at_publishing_until_they_stop_and_match_again() -> None:
    hana = customer("hana")
    happened(hana, "app.used", CONTRACT_DAY)
    engine.tick(CONTRACT_DAY)
    journey(
        LONG, entry={"when": {"event": {"name": "app.used", "within": "7d"}}}, enroll="new",
        now=at("2026-05-11T09:30"),
    )  # fmt: skip
    tick("2026-05-11T10:00")
    assert runs() == [("hana-1", 0, "out")]

    tick("2026-05-19T10:00")
    happened(hana, "app.used", at("2026-05-19T10:10"))
    tick("2026-05-19T10:11")

    assert runs() == [("hana-1", 1, "in")]


@pytest.mark.parametrize(
    ("rule", "after_two_days", "after_ninety"),
    [("never", 1, 1), ("always", 2, 3), ({"after": "30d"}, 1, 2)],
)
def test_r28_the_re_entry_rule_says_who_comes_in_again(
    rule: object, after_two_days: int, after_ninety: int
) -> None:
    journey(PAUSE, {"id": "q", "wait": "80d"}, entry={"by": "hand"}, reentry=rule, key="long")
    journey(PAUSE, reentry=rule)
    customer("hana")
    tick("2026-05-11T10:00")

    tick("2026-05-12T10:00")  # comes out
    tick("2026-05-12T10:01")
    assert len(runs()) == after_two_days
    tick("2026-08-11T10:00")
    tick("2026-08-11T10:01")

    assert len(runs()) == after_ninety


# --- a fact ----------------------------------------------------------------------------------------
def test_an_entry_by_fact_takes_in_whoever_did_it_and_says_so() -> None:
    journey(LONG, entry={"event": "app.used"}, enroll="new")
    hana, _jiro = customer("hana"), customer("jiro")
    happened(hana, "app.used", at("2026-05-11T09:30"))

    tick("2026-05-11T10:00")

    assert runs() == [("hana-1", 1, "in")]
    came = Decision.objects.get(verdict="entered")
    assert (came.reason, came.rule) == ("fact_happened", "app.used")


def test_facts_from_before_the_publishing_count_only_for_existing_customers() -> None:
    hana = customer("hana")
    happened(hana, "app.used", CONTRACT_DAY)
    late = at("2026-05-11T09:30")
    journey(LONG, entry={"event": "app.used"}, enroll="new", now=late)
    journey(LONG, entry={"event": "app.used"}, enroll="existing", key="old", now=late)

    tick("2026-05-11T10:00")

    assert (runs("j"), runs("old")) == ([], [("hana-1", 1, "in")])


def test_a_fact_while_inside_does_not_count_and_one_after_leaving_enters_again() -> None:
    journey(PAUSE, entry={"event": "app.used"}, reentry="always")
    hana = customer("hana")
    happened(hana, "app.used", at("2026-05-11T09:30"))
    tick("2026-05-11T10:00")
    happened(hana, "app.used", at("2026-05-11T11:00"))
    tick("2026-05-12T10:00")  # comes out
    tick("2026-05-12T10:05")
    assert runs() == [("hana-1", 1, "finished")]

    happened(hana, "app.used", at("2026-05-12T10:10"))
    tick("2026-05-12T10:11")
    tick("2026-05-12T10:12")

    assert runs() == [("hana-1", 1, "finished"), ("hana-1", 2, "in")]


def test_a_fact_without_a_contact_takes_in_the_people_of_the_role_there() -> None:
    journey(LONG, entry={"event": "limit.reached"}, to={"role": "admin"})
    hana = customer("hana")
    customer("jiro", roles=("user",))
    say(
        CONTRACT_DAY,
        {"type": "track", "event": "limit.reached", "context": {"groupId": "hana"}}
        | {"anonymousId": "server"},
    )
    tick("2026-05-11T10:00")

    assert runs() == [(hana.user_id, 1, "in")]


def test_a_condition_beside_a_fact_must_be_met_too() -> None:
    big = {"trait": {"of": "account", "name": "size", "eq": "big"}}
    journey(LONG, entry={"event": "app.used", "when": big})
    for one in (customer("hana", size="big"), customer("jiro", size="small")):
        happened(one, "app.used", at("2026-05-11T09:30"))

    tick("2026-05-11T10:00")

    assert runs() == [("hana-1", 1, "in")]


# --- the calendar ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("every", "now", "day"),
    [
        ({"month": "6bd"}, "2026-06-08T00:00", "2026-06-08"),
        ({"month": "6bd"}, "2026-06-07T23:59", "2026-05-13"),  # after Golden Week
        ({"month": "1bd"}, "2026-05-01T09:00", "2026-05-01"),
        ({"month": "-1bd"}, "2026-05-29T09:00", "2026-05-29"),
        ({"month": "-1bd"}, "2026-05-28T09:00", "2026-04-30"),
        ({"month": "15d"}, "2026-05-15T00:00", "2026-05-15"),
        ({"month": "-1d"}, "2026-03-01T00:00", "2026-02-28"),
        ({"week": "mon"}, "2026-05-17T23:59", "2026-05-11"),
        ({"week": "mon"}, "2026-05-18T00:00", "2026-05-18"),
    ],
)
def test_the_newest_day_of_a_calendar_entry(every: dict[str, str], now: str, day: str) -> None:
    assert occasions.newest(every, at(now), Days()) == date.fromisoformat(day)


def test_every_month_on_the_sixth_business_day_each_once_a_month() -> None:
    journey(PAUSE, entry={"every": {"month": "6bd"}}, enroll="new")
    customer("hana")
    tick("2026-05-12T10:00")
    assert runs() == []

    tick("2026-05-13T00:00")
    tick("2026-05-14T00:00")
    tick("2026-05-14T10:00")
    assert runs() == [("hana-1", 1, "finished")]
    tick("2026-06-07T10:00")
    tick("2026-06-08T10:00")
    tick("2026-06-08T10:01")

    assert runs() == [("hana-1", 1, "finished"), ("hana-1", 2, "in")]
    assert Decision.objects.filter(verdict="entered").latest("pk").reason == "day_came"


def test_who_came_after_the_day_waits_for_the_next_one_and_a_late_engine_begins_late() -> None:
    journey(PAUSE, entry={"every": {"month": "6bd"}})
    customer("hana")
    customer("jiro", at("2026-05-14T09:00"))

    tick("2026-05-15T10:00")  # the engine was away for two days
    assert runs() == [("hana-1", 1, "in")]

    tick("2026-05-25T10:00")
    assert len(runs()) == 1


# --- by name ---------------------------------------------------------------------------------------
def test_r25_a_journey_by_hand_takes_in_nobody_by_itself_and_whom_somebody_names() -> None:
    journey(LONG, entry={"by": "hand"})
    hana, jiro = customer("hana"), customer("jiro")
    tick("2026-05-11T10:00")
    assert runs() == []

    named = enroll_by(
        journey="j", subjects=[hana], now=at("2026-05-11T10:05"), by="hand", reason="電話で希望"
    )

    assert (len(named.entered), named.kept_out, jiro.pk in named.kept_out) == (1, [], False)
    came = Decision.objects.get(verdict="entered")
    assert (came.reason, came.evidence["note"]) == ("by_hand", "電話で希望")
    again = enroll_by(journey="j", subjects=[hana], now=at("2026-05-11T10:06"), by="hand")
    assert (again.entered, again.kept_out) == ([], [hana.pk])


def test_by_hand_the_product_and_the_role_are_asked_all_the_same() -> None:
    journey(LONG, entry={"by": "hand"}, to={"role": "admin"})
    tick("2026-05-11T10:00")
    user = customer("jiro", roles=("user",))
    tick("2026-05-11T10:01")

    named = enroll_by(journey="j", subjects=[user], now=at("2026-05-11T10:05"), by="hand")

    assert named.kept_out == [user.pk]


def test_who_matched_before_it_was_published_can_be_named() -> None:
    hana = customer("hana")
    engine.tick(CONTRACT_DAY)
    journey(LONG, enroll="new")
    assert runs() == [("hana-1", 0, "out")]

    enroll_by(journey="j", subjects=[hana], now=at("2026-05-11T10:05"), by="hand")

    assert ("hana-1", 1, "in") in runs()


def test_systems_enter_only_journeys_that_are_open_to_them() -> None:
    hana = customer("hana")
    engine.tick(CONTRACT_DAY)
    journey(LONG, entry={"by": "api"})
    journey(LONG, entry={"by": "hand"}, key="hand")
    when = at("2026-05-11T10:05")

    assert len(enroll_by(journey="j", subjects=[hana], now=when, by="api").entered) == 1
    for key in ("hand", "nowhere"):
        with pytest.raises(NotOpen, match=key):
            enroll_by(journey=key, subjects=[hana], now=when, by="api")


def test_nobody_comes_into_a_paused_journey_by_hand_either() -> None:
    hana = customer("hana")
    engine.tick(CONTRACT_DAY)
    journey(LONG, entry={"by": "hand"})
    permission.pause(Pause.Scope.JOURNEY, "j", CONTRACT_DAY, by=None)

    with pytest.raises(NotOpen):
        enroll_by(journey="j", subjects=[hana], now=at("2026-05-11T10:05"), by="hand")


# --- what a stage leads on to ----------------------------------------------------------------------
def test_r14_a_stage_that_is_left_leads_on_to_the_journey_its_route_names() -> None:
    hana = customer("hana")
    engine.tick(CONTRACT_DAY)
    journey(LONG, entry={"by": "hand"})
    subscription = Subscription.objects.get(account=hana.account)
    for key in ("j", "nowhere"):
        NextScenario.objects.create(
            subscription_id=subscription.pk, account_id=subscription.account_id, seq=2 if key == "j" else 3,
            stage="begin", kind="success", journey_key=key, decided_at=CONTRACT_DAY,
        )  # fmt: skip

    tick("2026-05-11T10:00")

    assert runs() == [("hana-1", 1, "in")]
    assert Decision.objects.get(verdict="entered").reason == "next_scenario"
    rows = NextScenario.objects.order_by("seq").values_list("outcome", flat=True)
    assert list(rows) == ["entered", "no_journey"]


# --- the bucket ------------------------------------------------------------------------------------
def test_the_bucket_of_a_journey_with_a_product_is_the_accounts() -> None:
    journey(LONG)
    hana = customer("hana")
    tick("2026-05-11T10:00")

    assert run_of(hana).bucket == enrollments.bucket("j", "hana")
    journey(
        LONG,
        key="k",
        product=None,
        entry={"when": {"trait": {"of": "account", "name": "name", "is_set": True}}},
    )
    tick("2026-05-11T10:01")
    assert run_of(hana, "k").bucket == enrollments.bucket("k", "hana-1")
