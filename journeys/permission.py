"""Who may be written to: consent and stops, suppressed addresses, pauses.

A stop goes by the address as well as by the person: whoever shares a mailbox shares its stops.
Transactional messages need no consent; nothing goes to a suppressed address.
"""

from __future__ import annotations

import contextlib
import hmac
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from journeys.models import (
    Account,
    Address,
    Consent,
    Decision,
    Message,
    Pause,
    Person,
    Suppression,
    Topic,
    User,
)

EVERYTHING = "*"  # every topic but contract notices
Reason = Decision.Reason
NO, YES = Consent.Answer.NO, Consent.Answer.YES


# --- addresses ------------------------------------------------------------------------------------
def normalise_address(value: str) -> str:
    """One spelling for every way to write an e-mail address: case, width and IDN (I21)."""
    local, _at, domain = unicodedata.normalize("NFKC", value).strip().casefold().rpartition("@")
    # What is not a host name stays as it is: no mail will reach it.
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}" if local else domain


def address_hash(value: str, key: str | None = None) -> str:
    """What is kept of a suppressed address: it can be recognised, not read back."""
    secret = f"junro.suppression:{key or settings.SECRET_KEY}".encode()
    return hmac.new(secret, normalise_address(value).encode(), "sha256").hexdigest()


def suppress(address: str, reason: str, now: datetime, *, channel: str = "email") -> bool:
    """Write nothing to this address any more; False when it was suppressed already (R49)."""
    if suppressed([address], channel=channel):
        return False
    Suppression.objects.create(
        channel=channel, address_hash=address_hash(address), reason=reason, from_at=now
    )
    return True


def release(address: str, now: datetime, *, channel: str = "email") -> int:
    """End the suppressions of an address, by a person's decision; how many were ended."""
    return _live_suppressions([address], channel).update(to_at=now)


def suppressed(addresses: Iterable[str], *, channel: str = "email") -> set[str]:
    """Which of these addresses (as given) are suppressed; one SELECT."""
    given = list(addresses)
    hashes = set(_live_suppressions(given, channel).values_list("address_hash", flat=True))
    return {a for a in given if hashes.intersection(_hashes(a))}


def is_suppressed(address: str) -> bool:
    return bool(suppressed([address]))


def _hashes(address: str) -> list[str]:
    """Also under the keys used before: a new SECRET_KEY must not forget who is suppressed."""
    keys = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    return [address_hash(address, key) for key in keys]


def _live_suppressions(addresses: Sequence[str], channel: str) -> QuerySet[Suppression]:
    hashes = [h for a in addresses for h in _hashes(a)]
    return Suppression.objects.filter(channel=channel, to_at=None, address_hash__in=hashes)


# --- consent --------------------------------------------------------------------------------------
def stop(person: Person, topic: str, how: str, now: datetime, *, wording: str = "") -> Consent:
    """The person wants no more of a topic ("*" = all but contract notices); at once (R47, I20).

    Locks the people of the mailbox as the sender's fence does, so that of a stop and a hand-over
    one comes first and the later one sees it.
    """
    return _answer(person, topic, NO, how, now, wording)


def resume(person: Person, topic: str, how: str, now: datetime, *, wording: str = "") -> Consent:
    """The person agrees to a topic (again); what proves it is kept."""
    return _answer(person, topic, YES, how, now, wording)


@transaction.atomic
def lift(person: Person, topic: str, now: datetime) -> bool:
    """End a stop without a yes in its place: as if it had never been said. False: there was none."""
    lock({person.pk})
    live = Consent.objects.filter(person=person, topic=topic, answer=NO, to_at=None)
    return bool(live.update(to_at=now))


@transaction.atomic
def _answer(
    person: Person, topic: str, answer: Consent.Answer, how: str, now: datetime, wording: str
) -> Consent:
    lock({person.pk, *_neighbours({person.pk})[person.pk]})
    live = Consent.objects.filter(person=person, topic=topic, to_at=None)
    same = live.filter(answer=answer).first()
    if same is not None:
        return same
    live.update(to_at=now)
    return Consent.objects.create(
        person=person, topic=topic, answer=answer, how=how, wording=wording, from_at=now
    )


def lock(person_ids: Collection[int], *, skip_locked: bool = False) -> set[int]:
    """Lock people in id order, without disturbing foreign keys; those we hold now."""
    people = Person.objects.filter(pk__in=person_ids).order_by("pk")
    rows = people.select_for_update(no_key=True, skip_locked=skip_locked)
    return set(rows.values_list("pk", flat=True))


def answers(person_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Per person the live answers by topic, neighbours' stops included."""
    neighbours = _neighbours(person_ids)
    everybody = set(person_ids).union(*neighbours.values())
    rows: dict[int, dict[str, str]] = defaultdict(dict)
    for who, topic, answer in Consent.objects.filter(person__in=everybody, to_at=None).values_list(
        "person_id", "topic", "answer"
    ):
        rows[who][topic] = answer
    return {p: _strictest(p, neighbours[p], rows) for p in person_ids}


def _strictest(
    person_id: int, neighbours: set[int], rows: Mapping[int, dict[str, str]]
) -> dict[str, str]:
    """The person's own answers, with every neighbour's no over them."""
    stops = {
        topic: answer
        for other in neighbours
        for topic, answer in rows.get(other, {}).items()
        if answer == NO
    }
    return {**rows.get(person_id, {}), **stops}


def _neighbours(person_ids: Collection[int]) -> dict[int, set[int]]:
    """Other people who read a mailbox of theirs."""
    own = Address.objects.filter(person__in=person_ids, channel="email", to_at=None)
    mailboxes = list(own.values_list("person_id", "normalised"))
    readers: dict[str, set[int]] = defaultdict(set)
    shared = Address.objects.filter(
        channel="email", to_at=None, normalised__in={box for _p, box in mailboxes}
    )
    for person_id, box in shared.values_list("person_id", "normalised"):
        readers[box].add(person_id)
    found: dict[int, set[int]] = {p: set() for p in person_ids}
    for person_id, box in mailboxes:
        found[person_id] |= readers[box] - {person_id}
    return found


def may(person_ids: Collection[int], topic: str, category: str) -> dict[int, Reason | None]:
    """Per person why a message of this topic and category may not go, or None when it may.

    Promotion needs a yes (Act on Regulation of Transmission of Specified Electronic Mail, art. 3);
    guidance rests on the business relation until somebody stops it.
    """
    given = answers(person_ids)
    return {p: _refusal(given[p], topic, category) for p in person_ids}


def _refusal(given: Mapping[str, str], topic: str, category: str) -> Reason | None:
    if category == Message.Category.TRANSACTIONAL:
        return None
    if NO in (given.get(topic), given.get(EVERYTHING)):
        return Reason.OPTED_OUT
    if category == Message.Category.PROMOTIONAL and YES not in (
        given.get(topic),
        given.get(EVERYTHING),
    ):
        return Reason.NO_CONSENT
    return None


def refusals(messages: Sequence[Message], now: datetime) -> dict[int, Reason]:
    """Message id → why it may not be sent, for those that may not; a fixed number of SELECTs."""
    addresses = {m.pk: m.to_address for m in messages if m.to_address}
    blocked = suppressed(set(addresses.values()))
    given = answers({m.person_id for m in messages})
    found: dict[int, Reason] = {}
    for message in messages:
        reason = _refusal(given[message.person_id], message.topic, message.category)
        if addresses.get(message.pk) in blocked:
            reason = Reason.SUPPRESSED
        elif message.channel == "email" and message.pk not in addresses:
            reason = Reason.NO_ADDRESS
        if reason is not None:
            found[message.pk] = reason
    return found


@dataclass(frozen=True)
class TopicChoice:
    """A topic as the preferences page shows it."""

    key: str
    name: str
    description: str
    category: str
    wanted: bool
    fixed: bool  # a contract notice cannot be switched off


def choices(person: Person) -> list[TopicChoice]:
    """Every topic and whether this person gets it."""
    given = answers([person.pk])[person.pk]
    return [
        TopicChoice(
            key=topic.key,
            name=topic.name,
            description=topic.description,
            category=topic.category,
            wanted=_refusal(given, topic.key, topic.category) is None,
            fixed=topic.category == Message.Category.TRANSACTIONAL,
        )
        for topic in Topic.objects.order_by("pk")
    ]


# --- pauses ---------------------------------------------------------------------------------------
def pause(
    scope: Pause.Scope, ref: str, now: datetime, *, by: User | None = None, reason: str = ""
) -> Pause:
    """Let nothing out for everything (""), an account (its external id) or a journey (its key)."""
    live = Pause.objects.filter(scope=scope, ref=ref, to_at=None).first()
    return live or Pause.objects.create(scope=scope, ref=ref, from_at=now, by=by, reason=reason)


def unpause(scope: Pause.Scope, ref: str, now: datetime) -> bool:
    """End a pause; False when there was none."""
    return bool(Pause.objects.filter(scope=scope, ref=ref, to_at=None).update(to_at=now))


def _pauses_at(now: datetime, scope: Pause.Scope) -> QuerySet[Pause]:
    open_ = Q(to_at=None) | Q(to_at__gt=now)
    return Pause.objects.filter(open_, scope=scope, from_at__lte=now)


def everything_paused(now: datetime) -> bool:
    """Whether the stop switch of the whole installation is on (R36)."""
    return _pauses_at(now, Pause.Scope.INSTALLATION).exists()


def paused_journeys(now: datetime) -> set[str]:
    """Keys of the journeys that are paused at `now`."""
    return set(_pauses_at(now, Pause.Scope.JOURNEY).values_list("ref", flat=True))


def paused_accounts(now: datetime) -> QuerySet[Account, int]:
    """Ids of the accounts that are paused at `now` (all of them while everything is)."""
    rows = Account.objects.all()
    if not everything_paused(now):
        refs = _pauses_at(now, Pause.Scope.ACCOUNT).values("ref")
        rows = rows.filter(external_id__in=refs)
    return rows.values_list("pk", flat=True)
