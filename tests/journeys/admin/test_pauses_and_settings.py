"""The stop switch, and settings whose past stays."""

from __future__ import annotations

import pytest
from django.urls import reverse

from journeys import permission
from journeys.models import Calendar, FrequencyPolicy, Pause
from tests import cast
from tests.journeys.admin.conftest import as_

pytestmark = pytest.mark.django_db

SWITCH = "/admin/journeys/pause/switch/"


def test_everything_stops_and_goes_on(ops):
    """R36: who, when and why stay on record."""
    ops.post(SWITCH, {"to": "stop", "reason": "wrong prices"})
    assert permission.everything_paused(cast.SLOT)
    page = ops.get(reverse("admin:journeys_pause_changelist"))
    assert page.context["stopped"].reason == "wrong prices"
    ops.post(SWITCH, {"to": "go"})
    assert not permission.everything_paused(cast.SLOT)
    assert str(Pause.objects.select_related("by").get().by) == "cs_ops"


def test_a_csm_sees_the_switch_but_does_not_turn_it(vendor):
    client = as_("csm")
    assert client.post(SWITCH, {"to": "stop"}).status_code == 403
    page = client.get(reverse("admin:journeys_pause_changelist"))
    assert (page.context["may_stop"], Pause.objects.count()) == (False, 0)


def test_a_changed_calendar_begins_a_new_row(ops):
    """R30: what was decided by the old one stays explained."""
    old = Calendar.objects.get()
    said = {
        "name": "Days",
        "country": "JP",
        "slot_times": "11:00",
        "closed": "2026-08-12 2026-08-14 夏",
    }
    ops.post(reverse("admin:journeys_calendar_change", args=[old.pk]), said)
    old.refresh_from_db()
    new = Calendar.objects.get(to_at=None)
    assert (old.to_at, new.key, new.slots) == (cast.SLOT, "default", ["11:00"])
    assert new.closures == [{"from": "2026-08-12", "to": "2026-08-14", "name": "夏"}]


@pytest.mark.parametrize(
    ("field", "typed"), [("slot_times", "noon"), ("closed", "soon later"), ("opens", "early")]
)
def test_a_calendar_that_cannot_be_read_is_refused_at_its_field(ops, field, typed):
    row = Calendar.objects.get()
    said = {"country": "JP", "slot_times": "10:00", "closes": "18:00", field: typed}
    page = ops.post(reverse("admin:journeys_calendar_change", args=[row.pk]), said)
    assert field in page.context["adminform"].form.errors
    assert Calendar.objects.filter(to_at=None).get() == row


def test_the_weekly_limit_has_one_row_that_holds(ops):
    add = reverse("admin:journeys_frequencypolicy_add")
    ops.post(add, {"per_days": 7, "most": 3, "gap_business_days": 1})
    assert ops.get(add).status_code == 403
    live = FrequencyPolicy.objects.get(to_at=None)
    change = reverse("admin:journeys_frequencypolicy_change", args=[live.pk])
    ops.post(change, {"per_days": 7, "most": 1, "gap_business_days": 1})
    assert list(FrequencyPolicy.objects.order_by("pk").values_list("most", "to_at")) == [
        (3, cast.SLOT), (1, None),
    ]  # fmt: skip
