"""May this installation speak to the outside? Not from a copied database, not from a restored one.

A copy of the database with other settings would write to the original's customers; a database
restored from a backup has forgotten what it sent since. Both are noticed before anything is handed
over, and a person decides (docs/decisions/0025). Everybody who hands over asks `hindrance()` first.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from journeys import db
from journeys.models import Hold, Installation, User

logger = logging.getLogger("junro")
THE_ONE = 1


def hindrance() -> str:
    """Why nothing may be handed to the outside now, as a sentence; "" when it may.

    Notices a copy and a restore, opens the hold that follows, and moves the mark on.
    """
    house = installation()
    if is_copied(house):
        return _(
            "This database belongs to “%(theirs)s”, and these settings are “%(ours)s”: nothing is"
            " sent from a copy. If it is meant to send from here, run `manage.py adopt_database`."
        ) % {"theirs": house.environment, "ours": settings.ENVIRONMENT_ID}
    notice_restore(house)
    held = open_hold()
    if held is not None:
        return _(
            "Sending is held since %(at)s: %(why)s. Compare with your mail provider what has been"
            " sent since, then release it under “Stop and go on” or with"
            " `manage.py release_sending`."
        ) % {"at": held.from_at.isoformat(timespec="minutes"), "why": held.get_why_display()}
    move_on()
    return ""


def is_copied(house: Installation | None = None) -> bool:
    """Whether this database belongs to other settings than these."""
    return bool((house or installation()).environment != settings.ENVIRONMENT_ID)


def standing() -> str:
    """ "ok", "held" or "copied", as far as is known: asks only, notices nothing new."""
    house = Installation.objects.filter(pk=THE_ONE).first()
    if house is not None and is_copied(house):
        return "copied"
    return "held" if open_hold() else "ok"


def installation() -> Installation:
    """The row that says whose database this is; a new database belongs to whoever asks first."""
    house = Installation.objects.filter(pk=THE_ONE).first()
    if house is None:
        first = {"environment": settings.ENVIRONMENT_ID, "origin": origin()}
        house, _made = Installation.objects.get_or_create(pk=THE_ONE, defaults=first)
    return house


def open_hold() -> Hold | None:
    return Hold.objects.filter(to_at=None).order_by("from_at").first()


# --- a restore, noticed -----------------------------------------------------------------------------
def notice_restore(house: Installation) -> None:
    """Open a hold when the database is not, or is older than, what was last worked with."""
    evidence: dict[str, Any] = {}
    here = origin()
    if house.origin != here:
        evidence |= {"origin": {"was": house.origin, "is": here}}
    known, mark = witnessed(house), house.mark
    if known > mark:  # asked again: another sender may have moved on since we looked
        mark = Installation.objects.values_list("mark", flat=True).get(pk=THE_ONE)
    if known > mark:
        evidence |= {"mark": {"was": known, "is": mark}}
    if not evidence:
        return
    hold(Hold.Why.RESTORED, evidence)
    # Noticed once: from here on this is the state that counts.
    Installation.objects.filter(pk=THE_ONE).update(origin=here, mark=max(known, mark))


def hold(why: Hold.Why, evidence: dict[str, Any]) -> None:
    """Hold all sending until a person releases it."""
    made = Hold.objects.bulk_create(
        [Hold(why=why, evidence=evidence, from_at=Now())], ignore_conflicts=True
    )
    logger.error("Sending is held (%s): %s", made[0].get_why_display(), json.dumps(evidence))


def release(now: datetime, *, by: User | None = None, note: str = "") -> int:
    """Let sending go on, by a person's decision; how many holds were ended."""
    return Hold.objects.filter(to_at=None).update(to_at=now, released_by=by, note=note[:200])


def adopt() -> Installation:
    """Make this database belong to these settings. Sending stays held until it is released."""
    house = installation()
    if house.environment != settings.ENVIRONMENT_ID:
        hold(Hold.Why.COPIED, {"was": house.environment, "is": settings.ENVIRONMENT_ID})
        Installation.objects.filter(pk=THE_ONE).update(
            environment=settings.ENVIRONMENT_ID, origin=origin()
        )
    return installation()


def origin() -> str:
    """Which server, timeline, database and table these rows stand in.

    A dump restored anywhere changes the last two, a base backup or a promoted replica the
    timeline, another server the first. SQLite has its file's number instead; a laptop's file is
    free to move.
    """
    if db.is_postgres():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT concat_ws('/', (pg_control_system()).system_identifier,"
                " (pg_control_checkpoint()).timeline_id,"
                " (SELECT oid FROM pg_database WHERE datname = current_database()),"
                " %s::regclass::oid)",
                [Installation._meta.db_table],
            )
            return str(cursor.fetchone()[0])
    if settings.DEBUG:
        return ""
    with suppress(OSError):
        return str(os.stat(str(connection.settings_dict["NAME"])).st_ino)
    return ""


# --- the witness outside ----------------------------------------------------------------------------
def move_on() -> None:
    """A pass that may send begins, or has sent: the mark grows, and then those outside are told."""
    Installation.objects.filter(pk=THE_ONE).update(mark=F("mark") + 1)
    house = installation()
    mark = house.mark
    _tell_the_file(house, mark)
    if settings.SHARED_CACHE:
        cache.set(_key(house), max(mark, int(cache.get(_key(house)) or 0)), timeout=None)


def witnessed(house: Installation) -> int:
    """The highest mark of this database that anybody outside of it remembers."""
    shared = int(cache.get(_key(house)) or 0) if settings.SHARED_CACHE else 0
    return max(_file().get(str(house.uid), 0), shared)


def _key(house: Installation) -> str:
    return f"junro:mark:{house.uid}"


def _file() -> dict[str, int]:
    """{installation: mark} as this machine remembers it."""
    try:
        found = json.loads(Path(settings.WITNESS_FILE).read_text())
        return {str(uid): int(mark) for uid, mark in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _tell_the_file(house: Installation, mark: int) -> None:
    path = Path(settings.WITNESS_FILE)
    known = max(mark, _file().get(str(house.uid), 0))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".mark-")
        with os.fdopen(handle, "w") as file:
            json.dump({str(house.uid): known}, file)
        os.replace(name, path)
    except OSError as error:
        logger.warning("The mark cannot be kept in %s: %s", path, error)
