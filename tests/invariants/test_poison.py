"""I18: one that breaks us does not stop the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from journeys import clock, engine
from journeys.management.commands.run_engine import EngineLoop
from journeys.management.commands.run_sender import SenderLoop
from journeys.messages import delivery
from journeys.models import Decision, Enrollment, Message, Tick
from journeys.steps import running, walking
from tests import cast
from tests.cast import CONTRACT_DAY, SLOT, customer, say

POISON: dict[str, Any] = {
    "plan": {"deep": [[[[{"a": [None, True, -0.0, 1e308]}]]]]},
    "seats": "９００",
    "name": "﷽" * 60,
    "locale": "xx-unknown",
}


@pytest.mark.django_db
@pytest.mark.parametrize("position", [0, 2, 4])
def test_i18_a_poisoned_customer_does_not_stop_the_others(position: int) -> None:
    cast.open_vendor()
    for number in range(5):
        name = f"c{number}"
        customer(name)
        if number == position:
            call = {"type": "identify", "userId": f"{name}-1", "traits": POISON}
            say(CONTRACT_DAY, call, {**call, "type": "group", "groupId": name})

    for now in (CONTRACT_DAY, SLOT):
        engine.tick(now)
        delivery.send_due(now)

    arrived = Message.objects.filter(step_id="hello", state="accepted")
    others = {f"c{n}-1" for n in range(5) if n != position}
    assert others <= set(arrived.values_list("contact__user_id", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("position", [0, 2, 4])
def test_i18_an_enrollment_that_breaks_the_engine_is_parked_after_three_tries(
    position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N−1 go on at once; the one is tried again later, and leaves with what happened."""
    cast.open_vendor()
    for number in range(5):
        customer(f"c{number}")
    ill = f"c{position}-1"
    real = walking.walk

    def walk(enrollment: Enrollment, run: Any) -> Any:
        if enrollment.contact is not None and enrollment.contact.user_id == ill:
            raise ZeroDivisionError("a bug that only this customer meets")
        return real(enrollment, run)

    monkeypatch.setattr(running, "walk", walk)
    for minutes in range(0, 60, 5):
        engine.tick(CONTRACT_DAY + timedelta(minutes=minutes))

    welcomed = Message.objects.filter(step_id="hello").values_list("contact__user_id", flat=True)
    assert set(welcomed) == {f"c{n}-1" for n in range(5) if n != position}
    parked = Enrollment.objects.filter(contact__user_id=ill)
    assert set(parked.values_list("status", "reason")) == {("left", "crashed")}
    why = Decision.objects.filter(
        contact_id=parked[0].contact_id, journey_key="welcome", reason="crashed"
    )
    assert [row.evidence["tries"] for row in why.order_by("at")] == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_i18_a_poisoned_schedule_stops_the_alarm_clock_and_not_the_loops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One bad row stops every schedule of the queue; run_engine and run_sender never ask it."""
    from django_q.models import OrmQ, Schedule  # noqa: PLC0415 -- the alarm clock, here only
    from django_q.scheduler import scheduler  # noqa: PLC0415

    from journeys import tasks  # noqa: PLC0415

    cast.open_vendor()
    customer("hana")
    Schedule.objects.create(
        func="journeys.tasks.once", args="(((", schedule_type="I", minutes=1,
        next_run=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    tasks.ensure_schedule()
    scheduler()
    assert OrmQ.objects.count() == 0

    for now in (CONTRACT_DAY, SLOT):
        monkeypatch.setattr(clock, "now", lambda now=now: now)
        EngineLoop().guarded_pass()
        SenderLoop().guarded_pass()

    assert Tick.objects.order_by("-at")[0].at == SLOT
    assert Message.objects.get(step_id="hello").state == "accepted"
