"""Calls come in: signed for once, applied in order, written in sets, committed before the answer.

The number of statements does not depend on the number of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from journeys import db
from journeys.facts import inbox, receipts, times
from journeys.facts.calls import Read, Refused, read
from journeys.models import Contact, Event
from journeys.people import Call, Delivered, Kind, Problem, Roster, Whom, deliverables, lock, names

T = TypeVar("T")
TRIES = 4
# PostgreSQL: deadlock, serialization failure. Whoever loses starts again.
TRY_AGAIN = {"40P01", "40001"}


@dataclass(frozen=True, slots=True)
class Rejected:
    index: int
    message_id: str | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A call was taken, but for this."""

    index: int
    message_id: str | None
    problem: Problem


@dataclass
class Verdicts:
    """What became of each call: accepted + duplicates + rejected = calls (I3)."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)


def take(
    calls: Sequence[Any],
    *,
    source: str,
    received_at: datetime,
    sent_at: object = None,
    refused: Mapping[int, Refused] | None = None,
) -> Verdicts:
    """Take calls in Segment's shape (contracts 4); what was accepted is committed on return.

    `sent_at` is the sender's clock as a text, if it says; `refused` are places the reader of the
    body has refused already. Bad calls do not hurt the good ones. Safe to repeat (I2).
    """
    verdicts = Verdicts()
    places: list[int] = []
    good: list[Read] = []
    behind = times.skew(sent_at, received_at)
    for index, raw in enumerate(calls):
        try:
            if refused and index in refused:
                raise refused[index]
            good.append(read(raw, received_at, behind))
            places.append(index)
        except Refused as why:
            rejected = Rejected(index, _message_id(raw), why.code, why.message)
            verdicts.rejected.append(rejected)
    if good:
        news, conflicts = until_written(lambda: _write(good, source, received_at))
        _judge(verdicts, places, good, news, conflicts)
    return verdicts


def _message_id(raw: Any) -> str | None:
    given = raw.get("messageId") if isinstance(raw, dict) else None
    return given if isinstance(given, str) else None


def _judge(
    verdicts: Verdicts,
    places: Sequence[int],
    calls: Sequence[Read],
    news: Sequence[bool],
    conflicts: set[int],
) -> None:
    for n, (index, one) in enumerate(zip(places, calls, strict=True)):
        message_id = _message_id(one.raw)
        if n in conflicts:
            message = _("Another call came under this messageId before; that one stands.")
            verdicts.rejected.append(Rejected(index, message_id, "conflict", message))
        elif not news[n]:
            verdicts.duplicates += 1
        else:
            verdicts.accepted += 1
            verdicts.warned += [Warned(index, message_id, problem) for problem in one.problems]
    verdicts.rejected.sort(key=lambda rejected: rejected.index)


def until_written(write: Callable[[], T]) -> T:
    """One transaction; again when another writer was in the way (only where it is the outermost)."""
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                return write()
        except (OperationalError, IntegrityError) as error:
            if not left or connection.in_atomic_block or not _may_try_again(error):
                raise
    raise AssertionError("unreachable")


def _may_try_again(error: Exception) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, IntegrityError) or state in TRY_AGAIN


def _write(
    calls: Sequence[Read], source: str, received_at: datetime
) -> tuple[list[bool], set[int]]:
    news, conflicts = receipts.sign(calls, source=source, received_at=received_at)
    fresh = [one for one, new in zip(calls, news, strict=True) if new]
    if fresh:
        batch = Batch(fresh, source, received_at)
        # Most facts are about people who are known and change nobody: they wait for no one.
        if (
            not db.is_postgres()
            or any(one.call.kind is not Kind.FACT for one in fresh)
            or not batch.plan(locked=False)
        ):
            batch.plan(locked=True)
        batch.write()
    return news, conflicts


class Batch:
    """Fresh calls: who they are about, and the rows they make."""

    def __init__(self, calls: Sequence[Read], source: str, received_at: datetime) -> None:
        self.calls = calls
        self.source = source
        self.received_at = received_at

    def plan(self, *, locked: bool) -> bool:
        """Work everything out in memory; whether nobody else's work can change it."""
        if locked:
            named = (o.anonymous_id or o.call.previous_id for o in self.calls)
            lock([one.call for one in self.calls], {name for name in named if name})
        self.linked, told = self._known_by_name()
        self.adopted, waited = inbox.waiting(self.linked, self.received_at)
        told = [*waited, *told]
        self.waiting = [one for one in told if not one.call.user_id and not one.call.account]
        spoken = [one for one in told if one.call.user_id or one.call.account]
        self.roster = Roster.load(
            (one.call for one in spoken),
            received_at=self.received_at,
            source=self.source,
            locked=locked,
        )
        whom = [self.roster.tell(one.call) for one in spoken]
        self.events = list(self._events(spoken, whom))
        self.roster.read_contracts(list(_delivered(spoken, whom)))
        self.roster.settle()
        inbox.note_aliases(self.roster, self.linked)
        # Somebody who is nobody yet, or has no account, may be getting one at this moment.
        settled = all(who.account or not who.contact for who in whom)
        return settled and not self.waiting and not self.roster.changes

    def _known_by_name(self) -> tuple[dict[str, str], list[Read]]:
        """New links from anonymous ids to users, and the calls with the users behind them.

        A user id that was merged into another means that one.
        """
        previous = {o.call.previous_id for o in self.calls if o.call.kind is Kind.ALIAS}
        users = Contact.objects.filter(user_id__in=previous).values_list("user_id", flat=True)
        said = {one.call.user_id for one in self.calls if one.call.user_id}
        linked = inbox.links(self.calls, said | set(users) if previous else said)
        nameless = {o.anonymous_id for o in self.calls if o.anonymous_id and not o.call.user_id}
        known = names.behind(nameless - linked.keys(), said)
        linked = {one: known.get((names.MERGED_USER, user), user) for one, user in linked.items()}
        known |= {(names.ANONYMOUS, cookie): user for cookie, user in linked.items()}
        told = [_by_its_name(one, known) for one in self.calls]
        return linked, [*told, *_said_before(said, known, self.received_at)]

    def _events(self, calls: Iterable[Read], whom: Iterable[Whom]) -> Iterable[tuple[Whom, Event]]:
        for one, who in zip(calls, whom, strict=True):
            if one.call.kind is Kind.FACT:
                yield (
                    who,
                    Event(
                        name=one.name,
                        product=one.product,
                        occurred_at=one.call.at,
                        received_at=self.received_at,
                        properties=dict(one.properties),
                        source=self.source,
                        flags=list(one.flags),
                    ),
                )

    def write(self) -> None:
        self.roster.write()
        for who, event in self.events:
            # A contact that had no account may have got one later in the batch.
            account = who.account or (who.contact.account if who.contact else None)
            event.account_id = account.pk if account else None
            event.contact_id = who.contact.pk if who.contact else None
        db.insert([event for _who, event in self.events])
        db.insert(list(inbox.rows_of(self.waiting, self.source, self.received_at)))
        inbox.adopt(self.adopted, self.received_at)


def _by_its_name(one: Read, known: Mapping[tuple[str, str], str]) -> Read:
    """A call about the user its name means."""
    name = (
        (names.MERGED_USER, one.call.user_id)
        if one.call.user_id
        else (names.ANONYMOUS, one.anonymous_id)
    )
    return one.of(known[name]) if name in known else one


def _said_before(
    user_ids: Iterable[str], known: Mapping[tuple[str, str], str], received_at: datetime
) -> Iterable[Read]:
    """Aliases that came before the user id they speak of: they join the two now (I4)."""
    for user_id in user_ids:
        other = known.get((names.ANONYMOUS, user_id))
        if other is not None and other != user_id:
            call = Call(Kind.ALIAS, received_at, other, previous_id=user_id)
            yield Read(call, message_id="", body="")


def _delivered(calls: Iterable[Read], whom: Iterable[Whom]) -> Iterable[Delivered]:
    for one, who in zip(calls, whom, strict=True):
        if one.name == deliverables.NAME and who.account is not None:
            fact = deliverables.read(who.account, one.product, one.properties, one.call.at)
            if fact is not None:
                yield fact
