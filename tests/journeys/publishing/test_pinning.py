"""I16: editing or publishing never changes or re-sends what was begun; who is inside stays on theirs.

A state machine writes, publishes, lets customers in, lets facts and time pass, in any order.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from journeys import engine
from journeys.messages import delivery
from journeys.messages.templates import publish_template
from journeys.models import Enrollment, JourneyVersion, Message, TemplateVersion
from tests import authoring
from tests.authoring import journey
from tests.cast import CONTRACT_DAY, customer, happened

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
#: Every step there may be; a document takes some of them, in some order.
STEPS: list[dict[str, Any]] = [
    {"id": "hello", "email": "hello", "at_once": True},
    {"id": "again", "email": "again", "at_once": True, "skip_if": USED},
    {"id": "hint", "nudge": "hint"},
    {"id": "note", "set": {"mark": 1}},
    {"id": "until", "wait_until": USED, "timeout": "1d"},
]
REST = {"id": "rest", "wait": "3d"}
SUBJECTS = ("はじめまして", "こんにちは", "おはようございます")


class Editing(RuleBasedStateMachine):
    """What was seen of each run and message the first time must be so for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.savepoint()
        mail.outbox.clear()
        authoring.vendor()
        self.now = CONTRACT_DAY
        self.people: list[Any] = []
        self.pinned: dict[int, int] = {}
        self.programs: dict[int, Any] = {}
        self.planned: dict[str, tuple[Any, ...]] = {}
        journey(STEPS[0], REST, reentry={"after": "5d"})

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.world)

    @rule()
    def somebody_comes(self) -> None:
        if len(self.people) < 4:
            self.people.append(customer(f"p{len(self.people)}", self.now))

    @rule(hours=st.sampled_from([1, 25, 80]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for _pass in range(2):
            engine.tick(self.now)
            delivery.send_due(self.now)

    @rule(taken=st.lists(st.sampled_from(STEPS), unique_by=lambda s: s["id"], max_size=4),
          topic=st.sampled_from(["start", "contract"]))  # fmt: skip
    def the_journey_is_edited_and_published(self, taken: list[Any], topic: str) -> None:
        journey(*taken, REST, now=self.now, topic=topic, reentry={"after": "5d"})

    @rule(subject=st.sampled_from(SUBJECTS))
    def a_text_is_edited_and_published(self, subject: str) -> None:
        newest = TemplateVersion.objects.filter(template__key="hello").latest("number")
        publish_template({**newest.document, "subject": subject}, self.now)

    @rule(who=st.integers(0, 3))
    def a_fact_happens(self, who: int) -> None:
        if who < len(self.people):
            happened(self.people[who], "app.used", self.now)

    @invariant()
    def who_is_inside_stays_on_the_version_they_came_into(self) -> None:
        for pk, version in Enrollment.objects.values_list("pk", "version_id"):
            assert self.pinned.setdefault(pk, version) == version

    @invariant()
    def a_published_version_never_changes(self) -> None:
        for version in JourneyVersion.objects.all():
            said = (version.number, version.document, version.program, version.document_hash)
            assert self.programs.setdefault(version.pk, said) == said

    @invariant()
    def a_message_keeps_the_text_and_the_moment_it_was_planned_with(self) -> None:
        for row in Message.objects.values_list(
            "key", "template_version_id", "version", "step_id", "planned_at", "topic", "uid"
        ):
            assert self.planned.setdefault(row[0], row) == row
        assert len(self.planned) == Message.objects.count()

    @invariant()
    def nothing_is_said_twice_in_one_run(self) -> None:
        said = Message.objects.values_list("enrollment_id", "step_id", "contact_id")
        assert all(n == 1 for n in Counter(said).values())
        sent = Counter(m.to[0] for m in mail.outbox)
        for person in self.people:
            accepted = Message.objects.filter(contact=person, state="accepted").count()
            assert sent[f"{person.user_id.removesuffix('-1')}@example.jp"] == accepted


def test_i16_editing_or_publishing_never_changes_or_re_sends_what_was_begun() -> None:
    run_state_machine_as_test(
        Editing,
        settings=settings(
            max_examples=8,
            stateful_step_count=14,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
