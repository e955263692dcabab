"""Somebody lets customers come into a journey by name (R25); POST only, with who and why kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import ngettext

from journeys import clock, enrollments
from journeys.admin.editor.desk import Desk
from journeys.models import Account, Contact

MOST = 500


def let_in(desk: Desk) -> HttpResponse:
    """Enroll the people (or companies) whose ids were typed, one a line or with commas."""
    said = desk.request.POST.get("who", "").replace(",", "\n").split("\n")
    names = list(dict.fromkeys(name.strip() for name in said if name.strip()))[:MOST]
    user: Any = desk.request.user
    try:
        named = enrollments.enroll_by(
            journey=desk.noun.key, subjects=_found(names), now=clock.now(), by="hand",
            reason=desk.request.POST.get("reason", "").strip()[:200], user=user,
        )  # fmt: skip
    except enrollments.NotOpen as error:
        desk.say(str(error))
        return desk.go()
    came = len(named.entered)
    desk.say(ngettext("%(n)d came in.", "%(n)d came in.", came) % {"n": came})
    if left := len(names) - came:
        desk.say(
            ngettext(
                "%(n)d did not: unknown here, in it already, or not of its product, role or re-entry.",
                "%(n)d did not: unknown here, in it already, or not of its product, role or re-entry.",
                left,
            )
            % {"n": left}
        )
    return desk.go()


def _found(names: list[str]) -> list[Contact | Account]:
    """Contacts by user id and accounts by their id; the journey takes those of its own kind."""
    contacts = Contact.objects.filter(user_id__in=names, is_current=True)
    return [*contacts, *Account.objects.filter(external_id__in=names)]
