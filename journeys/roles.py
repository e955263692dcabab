"""Who on the staff may do what: a role is a Django group, and this is its list (R101).

Publishing creates a version, so the right to publish is the right to add one: no permissions of
our own. Stopping everything is adding a pause; an account's or a journey's pause goes with the
right to change that account or journey.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

VIEW = ("view",)
EDIT = ("view", "add", "change")
ALL = ("view", "add", "change", "delete")
PUBLISH = ("view", "add")

Grants = dict[str, tuple[str, ...]]  # model label -> what may be done with it


def _each(actions: tuple[str, ...], *models: str) -> Grants:
    return dict.fromkeys(models, actions)


#: What is said and when: texts anybody on the staff may read.
TEXTS = ("journeys.journey", "journeys.lifecycle", "journeys.template")
VERSIONS = ("journeys.journeyversion", "journeys.lifecycleversion", "journeys.templateversion")
AROUND_TEXTS = (
    "journeys.product",
    "journeys.persona",
    "journeys.topic",
    "journeys.calendar",
    "journeys.frequencypolicy",
)
#: Who it is about: personal data, for those who work with customers.
CUSTOMERS = (
    "journeys.account",
    "journeys.contact",
    "journeys.person",
    "journeys.subscription",
    "journeys.goal",
    "journeys.deliverable",
    "journeys.stagetransition",
    "journeys.event",
    "journeys.enrollment",
)
#: What those who work with a customer may put right by hand.
BY_HAND = ("journeys.account", "journeys.subscription", "journeys.goal")
LEDGER = ("journeys.message", "journeys.decision", "journeys.consent", "journeys.suppression")
#: What people do: seen by whoever works with customers, done by CS (R83).
PLAYS = {"journeys.play": VIEW, "journeys.playtask": ("view", "change")}
#: Other systems that are told (R103).
RECEIVERS = ("journeys.webhookendpoint", "journeys.webhookdelivery")
#: Data brought in by hand: files, facts that wait, two contacts that are one.
BRINGING_IN: Grants = {
    "journeys.import": ("view", "add"),
    "journeys.importmapping": ("view", "change"),
    "journeys.inbox": ("view", "change"),
    "journeys.contact": ("view", "change"),
}
#: What became of the pages, in numbers: no personal data (R79).
RESULTS: Grants = {"learning.engagement": VIEW}

ROLES: dict[str, Grants] = {
    "cs_ops": {
        **_each(EDIT, *TEXTS),
        **_each(PUBLISH, *VERSIONS),
        **_each(EDIT, *AROUND_TEXTS),
        **_each(VIEW, *CUSTOMERS, *LEDGER),
        **_each(("view", "change"), *BY_HAND),
        **BRINGING_IN,
        "journeys.pause": EDIT,
        "journeys.hold": ("view", "change"),
        **PLAYS,
        "journeys.play": EDIT,
        **_each(VIEW, *RECEIVERS),
        "wagtailadmin.admin": ("access",),
        **RESULTS,
    },
    "csm": {
        **_each(VIEW, *TEXTS, *VERSIONS, *AROUND_TEXTS),
        **_each(VIEW, *CUSTOMERS, *LEDGER),
        **_each(("view", "change"), *BY_HAND),
        "journeys.pause": VIEW,
        **PLAYS,
        "journeys.hold": VIEW,
        **RESULTS,
    },
    "marketing": {
        **_each(VIEW, *TEXTS, *VERSIONS, *AROUND_TEXTS),
        "wagtailadmin.admin": ("access",),
        **RESULTS,
    },
    "sales": {
        **_each(VIEW, *TEXTS, *VERSIONS, *CUSTOMERS),
        "journeys.message": VIEW,
    },
    # What a partner may see is bounded by its own accounts; until those pages are open: nothing.
    "partner": {},
    "admin": {
        **_each(EDIT, *TEXTS),
        **_each(PUBLISH, *VERSIONS),
        **_each(EDIT, *AROUND_TEXTS),
        **_each(VIEW, *CUSTOMERS, *LEDGER),
        **_each(("view", "change"), *BY_HAND),
        **BRINGING_IN,
        "journeys.pause": EDIT,
        "journeys.hold": ("view", "change"),
        **PLAYS,
        "journeys.play": EDIT,
        **_each(VIEW, *RECEIVERS),
        "journeys.webhookendpoint": EDIT,
        "journeys.source": ("view", "change"),
        "journeys.user": EDIT,
        "auth.group": VIEW,
        "wagtailadmin.admin": ("access",),
        **RESULTS,
    },
}

TITLES = {
    "cs_ops": _("CS operations"),
    "csm": _("CSM"),
    "marketing": _("Marketing"),
    "sales": _("Sales"),
    "partner": _("Partner"),
    "admin": _("System administration"),
}


def sync_roles(labels: Iterable[str] | None = None) -> None:
    """Make the groups, and give each exactly what the matrix says of these apps (None: of all).

    Permissions of other apps that somebody added to a group by hand are left alone.
    """
    ours = {model.partition(".")[0] for grants in ROLES.values() for model in grants}
    labels = ours if labels is None else ours & set(labels)
    if not labels:
        return
    for label in labels:
        create_permissions(apps.get_app_config(label), verbosity=0)
    for name, grants in ROLES.items():
        group, _made = Group.objects.get_or_create(name=name)
        held = group.permissions.filter(content_type__app_label__in=labels)
        wanted = set(_permissions(grants, labels))
        group.permissions.remove(*(p for p in held if p not in wanted))
        group.permissions.add(*wanted)


def _permissions(grants: Grants, labels: Iterable[str]) -> Iterable[Permission]:
    wanted = Q(pk__in=())
    for model, actions in grants.items():
        label, _dot, name = model.partition(".")
        if label in labels:
            codenames = [f"{action}_{name}" for action in actions]
            wanted |= Q(content_type__app_label=label, codename__in=codenames)
    return Permission.objects.filter(wanted)


def after_migrate(sender: AppConfig, **_kwargs: Any) -> None:
    """post_migrate: an app whose tables have just been made gives its part of the matrix."""
    sync_roles((sender.label,))
