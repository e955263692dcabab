"""The message's way out: what leaves, what stays, and why; once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from journeys import permission
from journeys.messages import delivery
from journeys.models import Decision, Enrollment, Link, Message, Pause
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


def test_a_released_message_leaves_once_and_wakes_its_enrollment() -> None:
    sent = world.message()

    first = delivery.send_due(NOW)
    second = delivery.send_due(NOW + timedelta(minutes=1))

    sent.refresh_from_db()
    assert (first.accepted, second.accepted, len(mail.outbox)) == (1, 0, 1)
    assert (sent.state, sent.handed_at) == ("accepted", NOW)
    assert Enrollment.objects.get().due_at == NOW
    told = Decision.objects.filter(message_id=sent.pk).values_list("verdict", "reason")
    assert list(told) == [("sent", "accepted")]


def test_the_mail_reads_as_the_author_meant_and_links_stand_in_rows() -> None:
    world.message()

    delivery.send_due(NOW)

    letter = mail.outbox[0]
    assert letter.subject == "成功指標を登録する（期限 5月18日（月））"
    assert letter.from_email == "シメビワークス 水沢 真帆 <onboarding@mail.shimebi.example>"
    assert "株式会社みなと製菓\n管理部 主任\n岡野 里美 様\n" in letter.body
    assert "担当の滝本 航（平日 9–18時" in letter.body
    link = Link.objects.get()
    assert (link.target, link.expires_at) == ("goal", NOW + timedelta(hours=72))


def test_r46_a_missing_value_is_a_skip_with_its_name() -> None:
    skipped = world.message(version=world.template(body="目標は{{ goal_after }}です。"))

    delivery.send_due(NOW)

    skipped.refresh_from_db()
    assert (skipped.state, skipped.reason, mail.outbox) == ("skipped", "missing_value", [])
    assert Decision.objects.get(message_id=skipped.pk).evidence == {"field": "goal_after"}


def test_i20_a_stop_before_the_fence_keeps_the_message_here() -> None:
    stopped = world.message()
    permission.stop(stopped.person, "onboarding", "test", NOW)

    delivery.send_due(NOW)

    stopped.refresh_from_db()
    assert (stopped.state, stopped.reason, mail.outbox) == ("skipped", "opted_out", [])


def test_the_installation_paused_holds_and_loses_nothing() -> None:
    held = world.message()
    permission.pause(Pause.Scope.INSTALLATION, "", NOW)

    delivery.send_due(NOW)

    held.refresh_from_db()
    assert (held.state, held.reason, held.released_at) == ("held", "paused", None)
    assert (mail.outbox, Message.objects.count()) == ([], 1)
