"""In-app nudges: there without being sent, gone when done or dismissed (R51, I29)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeys.channels import nudge
from journeys.messages import compiling, targets
from journeys.models import Click, Contact, Event, Message
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db
UNTIL = {"event": {"name": "goal.set", "by": "account"}}


def hint(contact: Contact, **changes: Any) -> Message:
    document = {"channel": "nudge", "title": "{{ person_name }}さん", "body": "", "page": "home",
                "button": {"label": "入れる", "to": "goal"}} | changes.pop("document", {})  # fmt: skip
    version = world.template()
    version.compiled = compiling.compile_nudge(document)
    version.save(update_fields=["compiled"])
    return world.message(contact, version, channel="nudge", **changes)


def shown_to(contact: Contact, page: str = "home") -> list[str]:
    return [view["uid"] for view in nudge.visible(contact, page, NOW)]


@pytest.fixture
def contact() -> Contact:
    return world.customer()


def test_a_nudge_is_there_for_its_reader_on_its_page(contact: Contact) -> None:
    message = hint(contact, page="home")

    assert shown_to(contact) == [str(message.uid)]
    assert shown_to(contact, "product:members") == []
    assert shown_to(world.customer()) == []


def test_looking_changes_nothing(contact: Contact) -> None:
    message = hint(contact)
    shown_to(contact)

    message.refresh_from_db()
    assert (message.state, message.shown_at) == ("planned", None)


def test_the_most_important_comes_first(contact: Contact) -> None:
    usual = hint(contact)
    urgent = hint(contact, critical=True)
    high = hint(contact, priority=90)

    assert shown_to(contact) == [str(m.uid) for m in (urgent, high, usual)]


def test_what_is_done_is_gone_at_once(contact: Contact) -> None:
    message = hint(contact, until=UNTIL)
    assert shown_to(contact) == [str(message.uid)]

    Event.objects.create(
        account_id=message.account_id, name="goal.set", occurred_at=NOW, received_at=NOW
    )

    assert shown_to(contact) == []


def test_a_click_is_noted_and_leads_on(contact: Contact) -> None:
    message = hint(contact)

    assert nudge.mark_shown(message.uid, contact, NOW)
    assert not nudge.mark_shown(message.uid, contact, NOW)
    assert nudge.click(message.uid, contact, NOW) == targets.resolve("goal")

    message.refresh_from_db()
    assert (message.state, message.shown_at, message.answered_at) == ("clicked", NOW, NOW)
    assert Click.objects.get().link.target == "goal"
    assert shown_to(contact) == []


def test_one_that_waits_for_a_deed_stays_after_the_click(contact: Contact) -> None:
    message = hint(contact, until=UNTIL)
    nudge.click(message.uid, contact, NOW)

    assert shown_to(contact) == [str(message.uid)]


@pytest.mark.parametrize("state", ["dismissed", "expired", "recalled"])
def test_i29_what_is_over_is_never_served_or_answered_again(contact: Contact, state: str) -> None:
    message = hint(contact, state=state, until=UNTIL)

    assert shown_to(contact) == []
    assert not nudge.mark_shown(message.uid, contact, NOW)
    assert nudge.click(message.uid, contact, NOW) is None
    assert not nudge.dismiss(message.uid, contact, NOW)


def test_i29_a_dismissal_holds_and_is_one(contact: Contact) -> None:
    message = hint(contact, until=UNTIL)

    assert [nudge.dismiss(message.uid, contact, NOW) for _n in range(2)] == [True, False]
    assert shown_to(contact) == []


def test_i30_nobody_answers_for_somebody_else(contact: Contact) -> None:
    message, other = hint(contact), world.customer()

    assert not nudge.mark_shown(message.uid, other, NOW)
    assert nudge.click(message.uid, other, NOW) is None
    assert not nudge.dismiss(message.uid, other, NOW)
    assert shown_to(contact) == [str(message.uid)]


def test_a_snoozed_one_comes_back(contact: Contact) -> None:
    message = hint(contact)
    nudge.snooze(message.uid, contact, NOW, NOW + timedelta(days=1))

    assert shown_to(contact) == []
    later = nudge.visible(contact, "home", NOW + timedelta(days=1))
    assert [view["uid"] for view in later] == [str(message.uid)]


def test_r46_one_that_lacks_a_value_is_not_shown(contact: Contact) -> None:
    hint(contact, document={"title": "{{ goal_before }}から"})

    assert shown_to(contact) == []
