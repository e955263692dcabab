"""Who may do what: the matrix, role by role and page by page (R101)."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from journeys import engine, roles
from journeys.models import Account, Journey, JourneyVersion, Lifecycle, Template, User
from tests import cast
from tests.journeys.admin.conftest import as_, post, staff, url

pytestmark = pytest.mark.django_db

LISTS = {
    "account": "journeys_account", "message": "journeys_message", "event": "journeys_event",
    "lifecycle": "journeys_lifecycle", "journey": "journeys_journey", "template": "journeys_template",
    "pause": "journeys_pause", "persona": "journeys_persona", "user": "journeys_user",
    "source": "journeys_source",
}  # fmt: skip
CUSTOMERS = {"account", "message", "event"}
TEXTS = {"lifecycle", "journey", "template"}
MAY_SEE = {
    "cs_ops": CUSTOMERS | TEXTS | {"pause", "persona"},
    "csm": CUSTOMERS | TEXTS | {"pause", "persona"},
    "marketing": TEXTS | {"persona"},
    "sales": CUSTOMERS | TEXTS,
    "partner": set(),
    "admin": set(LISTS),
}


@pytest.mark.parametrize("role", sorted(MAY_SEE))
def test_each_role_sees_its_lists_and_no_others(vendor, role):
    client = as_(role)
    seen = {
        name
        for name, page in LISTS.items()
        if client.get(reverse(f"admin:{page}_changelist")).status_code == 200
    }
    assert seen == MAY_SEE[role]


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_a_groups_permissions_are_the_matrix_and_nothing_else(role):
    held = Group.objects.get(name=role).permissions.values_list(
        "content_type__app_label", "codename"
    )
    wanted = {
        (model.partition(".")[0], f"{action}_{model.partition('.')[2]}")
        for model, actions in roles.ROLES[role].items()
        for action in actions
    }
    assert set(held) == wanted


def test_what_was_added_to_a_role_by_hand_is_taken_back_at_the_next_migrate():
    group = Group.objects.get(name="csm")
    extra = Permission.objects.get(codename="add_journeyversion")
    group.permissions.add(extra)
    roles.sync_roles()
    assert extra not in group.permissions.all()


@pytest.mark.parametrize("role", ["csm", "marketing", "sales"])
@pytest.mark.parametrize("noun", [Journey, Lifecycle, Template])
def test_only_cs_operations_write_and_publish(vendor, role, noun):
    """csm may not publish."""
    one, client = noun.objects.order_by("pk")[0], as_(role)
    assert client.get(url("change", one)).status_code == 200
    assert post(client, one, "publish_now").status_code == 403
    assert client.get(url("drop", one)).status_code == 403
    assert client.get(reverse(f"admin:journeys_{noun._meta.model_name}_add")).status_code == 403


def test_every_door_of_the_journey_editor_asks_its_right(vendor, journey):
    client = as_("csm")
    doors = [
        ("head",),
        ("add_step",),
        ("step", "rest"),
        ("move", "rest"),
        ("remove", "rest"),
        ("pause",),
    ]
    answers = {name: client.post(url(name, journey, *args)).status_code for name, *args in doors}
    assert set(answers.values()) == {403}
    journey.refresh_from_db()
    assert journey.draft is None


def test_strangers_and_customers_do_not_come_in(client, vendor):
    customer = User.objects.create_user("someone@customer.example")
    answers = [client.get("/admin/").status_code]
    client.force_login(customer, backend="django.contrib.auth.backends.ModelBackend")
    answers.append(client.get("/admin/journeys/journey/").status_code)
    assert answers == [302, 302]


def test_the_menu_offers_only_what_may_be_opened(vendor):
    groups = as_("marketing").get("/admin/journeys/journey/").context["sidebar_navigation"]
    links = {item["link"] for group in groups for item in group["items"]}
    assert "/admin/journeys/account/" not in links
    assert "/admin/journeys/journey/" in links


def test_a_get_never_changes_anything(vendor, journey, django_assert_num_queries):
    """GET and HEAD consume and change nothing."""
    who = cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    client = as_("cs_ops")
    rows = [JourneyVersion.objects.count(), Journey.objects.get(pk=journey.pk).draft]
    refused = ["head", "add_step", "check", "publish_now", "pause"]
    assert {client.get(url(name, journey)).status_code for name in refused} == {405}
    assert client.get(url("pause", who.account)).status_code == 405
    assert client.get(reverse("admin:journeys_pause_switch")).status_code == 405
    for name, *args in (("remove", "rest"), ("publish",), ("drop",)):
        assert client.get(url(name, journey, *args)).status_code == 200
    assert rows == [JourneyVersion.objects.count(), Journey.objects.get(pk=journey.pk).draft]


def test_nobody_lifts_themselves_or_changes_a_superuser(vendor):
    client, me = as_("admin"), staff("admin")
    root = User.objects.create_superuser("root@vendor.example")
    User.objects.filter(pk=root.pk).update(is_staff=True)
    for user in (me, root):
        client.post(url("change", user), {"groups": [], "is_active": "on", "title": "King"})
        user.refresh_from_db()
        assert user.title == ""


def test_a_member_of_staff_is_let_in_with_one_role(vendor):
    said = {"email": "new@vendor.example", "last_name": "N", "role": "csm"}
    as_("admin").post(reverse("admin:journeys_user_add"), said)
    new = User.objects.get(email="new@vendor.example")
    assert [g.name for g in new.groups.all()] == ["csm"]
    assert new.is_staff


def test_pages_that_run_code_or_only_make_noise_are_not_there():
    """4.3.48: whoever may write a Schedule may run anything."""
    labels = {model._meta.label for model in admin.site._registry}
    assert not {label for label in labels if not label.startswith(("journeys.", "auth.Group"))}


def test_what_is_seen_of_an_unknown_account_is_a_404(vendor):
    answer = as_("csm").get(
        reverse("admin:journeys_account_change", args=[Account.objects.count() + 99])
    )
    assert answer.status_code == 404
