"""After a restore: who sees that nothing leaves, and who may let it go on (0025)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from journeys import outside
from journeys.models import Hold
from tests import cast
from tests.journeys.admin.conftest import as_

pytestmark = pytest.mark.django_db
RELEASE = "/admin/journeys/pause/release/"
PAGE = "/admin/journeys/pause/"


@pytest.fixture
def held(vendor: None) -> Hold:
    outside.hold(Hold.Why.RESTORED, {"mark": {"was": 9, "is": 4}})
    return Hold.objects.get()


def test_a_hold_is_released_by_post_and_says_by_whom_and_why(held: Hold) -> None:
    ops = as_("cs_ops")
    assert ops.get(RELEASE).status_code == 405

    ops.post(RELEASE, {"note": "the relay was empty"})

    held.refresh_from_db()
    assert (str(held.released_by), held.note, held.to_at) == (
        "cs_ops",
        "the relay was empty",
        cast.SLOT,
    )
    assert outside.standing() == "ok"


@pytest.mark.parametrize("role", ["csm", "marketing", "sales"])
def test_others_do_not_release_it(held: Hold, role: str) -> None:
    assert as_(role).post(RELEASE).status_code == 403
    assert outside.standing() == "held"


def test_every_page_of_the_admin_says_that_nothing_leaves(held: Hold) -> None:
    ops = as_("cs_ops")

    pages = [ops.get(reverse(f"admin:journeys_{n}_changelist")) for n in ("account", "pause")]

    assert ["Sending is held" in page.content.decode() for page in pages] == [True, True]


def test_without_a_hold_nothing_is_said(vendor: None) -> None:
    ops: Client = as_("cs_ops")

    assert "Sending is held" not in ops.get(PAGE).content.decode()
