"""Two contacts become one, or one goes to another customer (architecture 5, I20)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from journeys import engine, identity, people, permission
from journeys.models import (
    Account,
    Alias,
    Contact,
    Decision,
    Enrollment,
    Event,
    JourneyVersion,
    Membership,
    Message,
    Person,
    TraitChange,
)
from learning import progress
from learning.models import Completion, Progress
from tests.cast import CONTRACT_DAY, SLOT, customer, happened, ledger_of, open_vendor, say
from tests.learning.world import course, lesson, read

pytestmark = pytest.mark.django_db
LATER = SLOT + timedelta(hours=3)


def twin(contact: Contact, now=CONTRACT_DAY, **traits: Any) -> Contact:
    """The same human under a second user id in the same account."""
    assert contact.account is not None
    say(
        now,
        {
            "type": "identify",
            "userId": f"{contact.user_id}-again",
            "context": {"groupId": contact.account.external_id},
            "traits": {
                "email": f"{contact.user_id}-again@example.jp",
                "roles": ["admin"],
                **traits,
            },
        },
    )
    return Contact.objects.get(user_id=f"{contact.user_id}-again")


@pytest.fixture
def anna(db: None) -> Contact:
    open_vendor()
    JourneyVersion.objects.filter(journey__key="rival").update(status="retired")
    return customer("anna")


def test_the_losers_facts_are_the_winners_when_they_happened(anna: Contact) -> None:
    other = twin(anna)
    happened(other, "login", CONTRACT_DAY - timedelta(days=3))
    identity.merge(anna, other, LATER)
    event = Event.objects.get(name="login")
    assert (event.contact, event.account) == (anna, anna.account)
    assert event.occurred_at == CONTRACT_DAY - timedelta(days=3)


def test_what_is_said_of_the_losers_user_id_later_is_said_of_the_winner(anna: Contact) -> None:
    other = twin(anna)
    identity.merge(anna, other, LATER)
    name = other.user_id
    say(LATER, {"type": "track", "userId": name, "event": "login"})
    say(LATER, {"type": "identify", "userId": name, "traits": {"title": "部長"}})
    anna.refresh_from_db()
    assert Event.objects.get(name="login").contact == anna
    assert anna.title == "部長"
    assert people.known_as(name) == anna
    assert Contact.objects.filter(is_current=True).count() == 1


def test_an_anonymous_id_of_the_loser_is_the_winners(anna: Contact) -> None:
    other = twin(anna)
    say(LATER, {"type": "identify", "userId": other.user_id, "anonymousId": "cookie"})
    identity.merge(anna, other, LATER)
    say(LATER, {"type": "track", "anonymousId": "cookie", "event": "seen"})
    assert Alias.objects.get(kind="anonymous").contact == anna
    assert Event.objects.get(name="seen").contact == anna


@pytest.mark.parametrize("strict", ["winner", "loser"])
def test_the_stricter_consent_wins(anna: Contact, strict: str) -> None:
    other = twin(anna)
    one, two = (anna, other) if strict == "winner" else (other, anna)
    permission.stop(one.person, "guide", "preferences", SLOT)
    permission.resume(two.person, "guide", "preferences", SLOT)
    identity.merge(anna, other, LATER)
    anna.refresh_from_db()
    assert permission.answers([anna.person_id]) == {anna.person_id: {"guide": "no"}}
    assert Person.objects.count() == 1


def test_who_asked_at_one_address_to_be_left_alone_is_left_alone_at_the_other(
    anna: Contact,
) -> None:
    other = twin(anna)
    permission.suppress(other.email, "complaint", SLOT)
    identity.merge(anna, other, LATER)
    assert permission.suppressed([anna.email, other.email]) == {anna.email, other.email}


def test_a_mailbox_that_does_not_exist_says_nothing_about_the_other_one(anna: Contact) -> None:
    other = twin(anna)
    permission.suppress(other.email, "hard_bounce", SLOT)
    identity.merge(anna, other, LATER)
    assert permission.suppressed([anna.email, other.email]) == {other.email}


@pytest.mark.parametrize("further", ["winner", "loser"])
def test_of_two_live_runs_in_one_journey_the_further_one_stays(anna: Contact, further: str) -> None:
    other = twin(anna)
    engine.tick(SLOT)
    ahead, behind = (anna, other) if further == "winner" else (other, anna)
    assert Enrollment.objects.filter(status="in").count() == 2
    Enrollment.objects.filter(contact=behind).update(position=0)
    Enrollment.objects.filter(contact=ahead).update(position=1)
    identity.merge(anna, other, LATER)
    live, ended = (Enrollment.objects.get(status=status) for status in ("in", "left"))
    assert (live.contact, ended.contact, live.position, ended.reason) == (anna, anna, 1, "merged")
    assert live.subject_key == ended.subject_key
    assert {live.run, ended.run} == {1, 2}
    reasons = Decision.objects.filter(enrollment_id=ended.pk, verdict="left")
    assert list(reasons.values_list("reason", flat=True)) == ["merged"]


def test_messages_of_the_run_that_ends_are_skipped_and_one_stays(anna: Contact) -> None:
    """Nobody gets the same message twice because they had two user ids (I11)."""
    other = twin(anna)
    engine.tick(CONTRACT_DAY + timedelta(minutes=5))
    assert Message.objects.filter(channel="email", state="planned").count() == 2
    identity.merge(anna, other, CONTRACT_DAY + timedelta(minutes=10))
    mails = [row for row in ledger_of(anna) if row[0]]
    assert sorted(state for _step, state, _reason in mails) == ["planned", "skipped"]
    assert [reason for _s, state, reason in mails if state == "skipped"] == ["merged"]


def test_the_winner_learns_what_only_the_loser_said_of_themselves(anna: Contact) -> None:
    other = twin(anna, department="経理", name="別名", roles=["approver"])
    identity.merge(anna, other, LATER)
    anna.refresh_from_db()
    assert (anna.department, anna.name) == ("経理", "anna 花子")
    assert anna.traits["roles"] == ["admin", "approver"]
    change = TraitChange.objects.get(of="contact", subject_id=anna.pk, name="department")
    assert (change.occurred_at, change.received_at) == (CONTRACT_DAY, LATER)


def test_after_a_merge_one_human_is_counted_once_then_and_now(anna: Contact) -> None:
    other = twin(anna)
    identity.merge(anna, other, LATER)
    there = Membership.objects.filter(role="", to_at=None)
    assert [row.contact for row in there] == [anna]
    empty = Membership.objects.filter(contact=other)
    assert all(row.to_at == row.from_at for row in empty)


def test_progress_is_the_further_of_both_and_completions_stay_once(anna: Contact) -> None:
    other = twin(anna)
    course(lessons=2)
    read(anna, lesson("basics-1"), SLOT)
    read(other, lesson("basics-1"), LATER)
    read(other, lesson("basics-2"), LATER)
    identity.merge(anna, other, LATER)
    assert list(Progress.objects.order_by("pk").values_list("contact", "state")) == [
        (anna.pk, "completed"),
        (anna.pk, "completed"),
    ]
    kinds = Completion.objects.filter(contact=anna).order_by("kind").values_list("kind", flat=True)
    assert list(kinds) == ["course", "lesson", "lesson"]
    first = Completion.objects.get(kind="lesson", page_key=lesson("basics-1").translation_key)
    assert first.completed_at == SLOT
    assert progress.complete(
        contact=anna, lesson_page=lesson("basics-2"), now=LATER, source="reading"
    ) is False  # fmt: skip


def test_no_row_of_any_table_still_names_the_loser(anna: Contact) -> None:
    """Whatever table is added later: what names a contact is pointed at the one who stays."""
    other = twin(anna)
    course(lessons=1)
    read(other, lesson("basics-1"))
    happened(other, "login", SLOT)
    engine.tick(SLOT)
    identity.merge(anna, other, LATER)
    left: dict[str, list[Any]] = {
        model.__name__: list(QuerySet(model).filter(**{name: other.pk}))
        for model, name in identity.naming_a_contact()
        if model is not Membership
    }
    assert {name: rows for name, rows in left.items() if rows} == {}


def test_a_merge_costs_the_same_however_much_there_is(anna: Contact) -> None:
    costs = []
    for number, count in enumerate((1, 3, 300)):
        winner = customer(f"c{number}")
        other = twin(winner)
        Event.objects.bulk_create(
            Event(name=f"x{number}", contact=other, account=winner.account, occurred_at=SLOT, received_at=SLOT)
            for _n in range(count)
        )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            identity.merge(winner, other, LATER)
        assert Event.objects.filter(contact=winner, name=f"x{number}").count() == count
        costs.append(len(queries))
    assert costs == [costs[0]] * 3


def test_two_customers_people_are_not_made_one(anna: Contact) -> None:
    bert = customer("bert")
    with pytest.raises(identity.NotMergeable, match="顧客"):
        identity.merge(anna, bert, LATER)
    with pytest.raises(identity.NotMergeable):
        identity.merge(anna, anna, LATER)


def test_a_preview_says_what_will_be_and_changes_nothing(anna: Contact) -> None:
    other = twin(anna)
    happened(other, "login", SLOT)
    engine.tick(CONTRACT_DAY + timedelta(minutes=5))
    permission.stop(other.person, "guide", "preferences", SLOT)
    before = list(Enrollment.objects.values_list("pk", "status", "contact"))
    assert identity.preview(anna, other) == identity.Preview(
        facts=1, goes_on=0, ends=1, withdrawn=1, stops=1
    )
    assert list(Enrollment.objects.values_list("pk", "status", "contact")) == before


# --- moving ---------------------------------------------------------------------------------------
def test_who_moves_leaves_facts_and_runs_behind_and_begins_anew(anna: Contact) -> None:
    bert = customer("bert")
    happened(anna, "login", SLOT)
    engine.tick(SLOT)
    assert bert.account is not None
    new = identity.move(anna, bert.account, LATER)
    anna.refresh_from_db()
    assert (new.account, new.person, new.is_current) == (bert.account, anna.person, True)
    assert anna.is_current is False
    assert Event.objects.get(name="login").account == anna.account
    run = Enrollment.objects.get(contact=anna)
    assert (run.status, run.reason) == ("left", "moved_away")
    say(LATER, {"type": "track", "userId": anna.user_id, "event": "later"})
    assert Event.objects.get(name="later").account == Account.objects.get(external_id="bert")


def test_moving_to_where_one_is_changes_nothing(anna: Contact) -> None:
    assert anna.account is not None
    assert identity.move(anna, anna.account, LATER) == anna
    assert Contact.objects.count() == 1
