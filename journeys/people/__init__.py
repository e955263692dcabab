"""Who: accounts, the people in them, what changes about them, and the contracts they have.

Everything dated may come late and in any order; what is true in the end does not depend on it (I4).
"""

from __future__ import annotations

from journeys.people import deliverables
from journeys.people.calls import Call, Kind, Problem
from journeys.people.deliverables import Delivered
from journeys.people.locks import lock
from journeys.people.logins import log_in_of
from journeys.people.names import known_as
from journeys.people.persons import absorb
from journeys.people.reserved import BadTrait, clean_account, clean_contact
from journeys.people.roster import Roster, Whom
from journeys.people.staff import invite_staff
from journeys.people.subscribing import subscribe_everybody, subscribe_matching
from journeys.people.subscriptions import EVERY_ACCOUNT
from journeys.people.telling import (
    alias,
    group,
    identify,
    set_traits,
    subscribe,
    tell,
)
from journeys.people.timeline import canonical

__all__ = [
    "EVERY_ACCOUNT",
    "BadTrait",
    "Call",
    "Delivered",
    "Kind",
    "Problem",
    "Roster",
    "Whom",
    "absorb",
    "alias",
    "canonical",
    "clean_account",
    "clean_contact",
    "deliverables",
    "group",
    "identify",
    "invite_staff",
    "known_as",
    "lock",
    "log_in_of",
    "set_traits",
    "subscribe",
    "subscribe_everybody",
    "subscribe_matching",
    "tell",
]
