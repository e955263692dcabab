"""Moving contracts from an older version of a route to the published one: the look, and the POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from journeys import clock, lifecycle
from journeys.admin.editor.desk import Desk
from journeys.lifecycle import RerouteRefused
from journeys.models import LifecycleVersion, Subscription, VersionStatus


def ask(desk: Desk, refused: str = "", said: Mapping[str, str] | None = None) -> HttpResponse:
    """What moving would do, stage by stage. Changes nothing.

    `?from=N` names the version; without it the one with most contracts on it.
    """
    given = said if said is not None else desk.request.GET
    older, new = _older(desk), _published(desk)
    old = _chosen(older, given.get("from", ""))
    rows = []
    if old is not None and new is not None:
        rows = lifecycle.transfers(old, new, stage_map(old, given), clock.now())
    return desk.page(
        "move_lifecycle.html",
        status=409 if refused else 200,
        older=older,
        old=old,
        new=new,
        rows=rows,
        stages=list(new.stages.all()) if new else [],
        refused=refused,
        reason=given.get("reason", ""),
        unplaced=[row for row in rows if row.new is None],
        move_url=desk.url("move_now"),
    )


def move(desk: Desk) -> HttpResponse:
    """Move them as shown. Refused: nothing changes, and what was typed stays."""
    said = desk.request.POST
    old, new = _chosen(_older(desk), said.get("from", "")), _published(desk)
    if old is None or new is None:
        desk.warn(_("Nobody is on an older version any more."))
        return desk.go()
    user: Any = desk.request.user
    try:
        count = lifecycle.reroute(
            old=old,
            new=new,
            stage_map=stage_map(old, said),
            by=user,
            reason=said.get("reason", ""),
            now=clock.now(),
        )
    except RerouteRefused as error:
        return ask(desk, str(error), said)
    desk.say(_("%(n)d contracts are on version %(v)d now.") % {"n": count, "v": new.number})
    return desk.go()


def stage_map(old: LifecycleVersion, said: Mapping[str, str]) -> dict[str, str]:
    """Which stage becomes which, where the form says so: `stage.KEY` = new key."""
    keys: list[str] = [stage.key for stage in old.stages.all()]
    return {key: said[f"stage.{key}"] for key in keys if said.get(f"stage.{key}")}


def _published(desk: Desk) -> LifecycleVersion | None:
    found: LifecycleVersion | None = desk.noun.versions.filter(
        status=VersionStatus.PUBLISHED
    ).first()
    return found


def _older(desk: Desk) -> list[tuple[LifecycleVersion, int]]:
    """Versions that are not published any more, and how many live contracts are on each."""
    on: dict[int, int] = {}
    rows = Subscription.objects.filter(
        version__lifecycle=desk.noun, ended_at=None, stage__isnull=False
    ).exclude(version__status=VersionStatus.PUBLISHED)
    for version_id in rows.values_list("version_id", flat=True):
        on[version_id or 0] = on.get(version_id or 0, 0) + 1
    versions = LifecycleVersion.objects.filter(pk__in=on).order_by("-number")
    return [(version, on[version.pk]) for version in versions]


def _chosen(older: list[tuple[LifecycleVersion, int]], number: str) -> LifecycleVersion | None:
    named = [version for version, _count in older if str(version.number) == number]
    if named:
        return named[0]
    return max(older, key=lambda pair: pair[1])[0] if older else None
