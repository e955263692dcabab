"""Random small worlds, as plain objects and as rows, and random trees to ask about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from journeys import models
from tests.journeys.conditions import random_trees
from tests.journeys.conditions.random_trees import JOURNEYS, PRODUCTS, ROLES, STAGES, STEPS
from tests.journeys.conditions.world import NOW
from tests.naive import conditions as naive

VALUES: tuple[Any, ...] = (
    None,
    0,
    1,
    2.5,
    "",
    "a",
    "ab",
    "1",
    True,
    False,
    [],
    [1, "a"],
    ["b"],
    {},
)

# On a coarse clock, so that facts often lie on the very edges of windows.
moments = st.one_of(
    st.integers(0, 160).map(lambda n: NOW - timedelta(hours=3 * n)),
    st.integers(0, 12).map(lambda n: NOW - timedelta(days=n)),
    st.just(NOW - timedelta(minutes=90)),
)
delays = st.sampled_from((timedelta(0), timedelta(0), timedelta(days=1), timedelta(days=9)))
values = st.sampled_from(VALUES)
DATES: tuple[Any, ...] = (
    None, 3, "soon", "2026-02-30", "2026-05-08", "2026-05-10", "2026-05-11", "2026-05-12",
    "2026-05-18", "2026-04-30", "2026-05-11T10:00:00+09:00", "2026-05-09T23:30:00.5Z",
    "2026-05-02 09:00:00+09:00", "2026-05-11T10:00:00",
)  # fmt: skip


def trees(kind: str) -> st.SearchStrategy[Any]:
    return st.integers(0, 2**40).map(lambda seed: random_trees.tree(seed, kind))


@st.composite
def worlds(draw: Any) -> naive.World:
    world = naive.World()
    known = st.one_of(st.none(), moments, st.just(NOW - timedelta(days=300)))
    for _number in range(draw(st.integers(1, 2))):
        account = naive.Account(draw(known))
        world.accounts.append(account)
        for product in draw(st.lists(st.sampled_from(PRODUCTS), max_size=2, unique=True)):
            ended = draw(st.sampled_from((None, None, NOW - timedelta(days=3))))
            made = naive.Subscription(account, product, draw(known), ended)
            world.subscriptions.append(made)
            _moves(draw, world, made)
        for _contact in range(draw(st.integers(0, 3))):
            contact = naive.Contact(account, draw(known))
            world.contacts.append(contact)
            for role in ("", *draw(st.lists(st.sampled_from(ROLES), max_size=2, unique=True))):
                _stay(draw, world, contact, role)
    _facts(draw, world)
    nouns: list[Any] = [*world.accounts, *world.contacts, *world.subscriptions]
    for _change in range(draw(st.integers(0, 6))):
        at, noun = draw(moments), draw(st.sampled_from(nouns))
        name = draw(st.sampled_from(("t", "t", "d")))
        value = draw(values if name == "t" else st.sampled_from(DATES))
        world.changes.append(naive.Change(noun, name, value, at, at + draw(delays)))
    for _row in range(draw(st.integers(0, 4))):
        _message(draw, world)
        _enrollment(draw, world)
    for kind in ("account", "contact", "subscription"):
        seed = draw(st.integers(0, 2**40))
        world.segments[f"s-{kind}"] = (kind, random_trees.segment(seed, kind))
    return world


def given_segments(world: naive.World) -> dict[str, tuple[str, str, Any]]:
    """The world's saved conditions, as `segments_given` takes them."""
    return {key: (key, kind, condition) for key, (kind, condition) in world.segments.items()}


def _owner(draw: Any, world: naive.World) -> tuple[Any, Any, Any]:
    """An account, maybe one of its people, maybe one of its contracts."""
    account = draw(st.sampled_from(world.accounts))
    contacts = [c for c in world.contacts if c.account is account]
    contracts = [s for s in world.subscriptions if s.account is account]
    return (
        account, draw(st.sampled_from([None, *contacts])), draw(st.sampled_from([None, *contracts])),
    )  # fmt: skip


def _message(draw: Any, world: naive.World) -> None:
    planned = draw(moments)
    after = st.sampled_from((timedelta(0), timedelta(hours=3), timedelta(days=2)))
    channel = draw(st.sampled_from(("email", "nudge")))
    states = {
        "email": ("planned", "handed", "accepted", "delivered", "failed", "skipped"),
        "nudge": ("planned", "shown", "clicked", "dismissed", "snoozed"),
    }[channel]
    state = draw(st.sampled_from(states))
    made = naive.Message(
        *_owner(draw, world), draw(st.sampled_from(JOURNEYS)), draw(st.sampled_from(STEPS)),
        channel, state, draw(st.sampled_from(("refused", "crashed"))), planned,
    )  # fmt: skip
    if channel == "email" and state not in ("planned", "skipped"):
        made.handed = draw(st.sampled_from((None, planned)))
        made.settled = planned + draw(after)
        made.clicks = [planned + draw(after) for _n in range(draw(st.integers(0, 2)))]
    if channel == "nudge" and state != "planned":
        made.shown = planned + draw(after)
        made.reacted = made.shown + draw(after)
    world.messages.append(made)


def _enrollment(draw: Any, world: naive.World) -> None:
    entered, status = (
        draw(moments),
        draw(st.sampled_from(("in", "out", "finished", "goal", "left"))),
    )
    left = entered + draw(st.sampled_from((timedelta(hours=3), timedelta(days=2), timedelta(90))))
    world.enrollments.append(
        naive.Enrollment(
            *_owner(draw, world), draw(st.sampled_from(JOURNEYS)), status, draw(st.booleans()),
            entered, None if status in ("in", "out") else left,
        )
    )  # fmt: skip


def _moves(draw: Any, world: naive.World, of: naive.Subscription) -> None:
    for number, at in enumerate(sorted(draw(st.lists(moments, max_size=3))), start=1):
        decided, stage = at + draw(delays), draw(st.sampled_from(STAGES))
        world.moves.append(naive.Move(of, stage, number, at, decided, first=number == 1))
        if draw(st.booleans()):  # an earlier fact came late
            earlier = at - timedelta(hours=6)
            later = decided + timedelta(hours=1)
            world.moves.append(naive.Move(of, stage, number, earlier, later, first=number == 1))


def _stay(draw: Any, world: naive.World, contact: naive.Contact, role: str) -> None:
    since = draw(st.one_of(moments, st.just(NOW - timedelta(days=300))))
    until = draw(st.one_of(st.none(), st.none(), moments))
    until = until if until and until > since else None
    heard = until + draw(delays) if until else None
    world.stays.append(naive.Stay(contact, role, since, since + draw(delays), until, heard))


def _facts(draw: Any, world: naive.World) -> None:
    for _fact in range(draw(st.integers(0, 10))):
        owner = draw(st.sampled_from([*world.contacts, *world.accounts]))
        account = owner.account if isinstance(owner, naive.Contact) else owner
        contact = owner if isinstance(owner, naive.Contact) else None
        at = draw(moments)
        said: dict[str, Any] = {"k": draw(values), "in": {"side": draw(values)}, "数": draw(values)}
        name, product = (
            draw(st.sampled_from(("x", "x", "x", "y"))),
            draw(st.sampled_from(("", *PRODUCTS))),
        )
        if draw(st.integers(0, 5)) == 0:
            name, said = "message.answered", {"step": draw(st.sampled_from(STEPS)), "answer": "a"}
        world.facts.append(naive.Fact(account, contact, name, at, at + draw(delays), product, said))


class Rows:
    """A plain world written into the database; `id_of` maps its objects to row ids."""

    def __init__(self, world: naive.World) -> None:
        self.id_of: dict[Any, int] = {}
        for number, account in enumerate(world.accounts):
            self._note(
                account, models.Account(external_id=str(number), known_since=account.known_since)
            )
        for number, contact in enumerate(world.contacts):
            self._contact(number, contact)
        for contract in world.subscriptions:
            self._subscription(contract)
        self._ledgers(world)
        self._journeys(world)

    def _journeys(self, world: naive.World) -> None:
        """What the journeys did: enrollments, messages, clicks."""
        versions = {}
        for key in JOURNEYS:
            journey = models.Journey.objects.create(key=key, name=key)
            versions[key] = models.JourneyVersion.objects.create(
                journey=journey, number=1, status="published", document={}, document_hash="",
                program={},
            )  # fmt: skip
        for number, e in enumerate(world.enrollments):
            version = versions[e.journey]
            models.Enrollment.objects.create(
                journey=version.journey, version=version, account_id=self.id_of[e.account],
                contact_id=self.id_of.get(e.contact), subscription_id=self.id_of.get(e.subscription),
                subject_key=str(number), bucket=0.5, holdout=e.holdout, status=e.status,
                step_at=e.entered, entered_at=e.entered, left_at=e.left,
            )  # fmt: skip
        person = models.Person.objects.create()
        for number, m in enumerate(world.messages):
            self._message(number, m, person)

    def _message(self, number: int, m: naive.Message, person: models.Person) -> None:
        row = models.Message.objects.create(
            key=str(number), channel=m.channel, account_id=self.id_of[m.account], person=person,
            contact_id=self.id_of.get(m.contact), subscription_id=self.id_of.get(m.subscription),
            journey_key=m.journey, step_id=m.step, category="guidance", state=m.state,
            reason=m.reason, planned_at=m.planned, due_at=m.planned, handed_at=m.handed,
            settled_at=m.settled, shown_at=m.shown, answered_at=m.reacted,
        )  # fmt: skip
        for position, at in enumerate(m.clicks):
            link = models.Link.objects.create(message=row, position=position, target="home")
            models.Click.objects.create(link=link, message_id=row.pk, at=at)

    def _note(self, plain: Any, row: Any) -> None:
        row.save(force_insert=True)
        self.id_of[plain] = row.pk

    def _contact(self, number: int, plain: naive.Contact) -> None:
        person = models.Person.objects.create()
        row = models.Contact(
            user_id=str(number), account_id=self.id_of[plain.account], person=person,
            known_since=plain.known_since,
        )  # fmt: skip
        self._note(plain, row)

    def _subscription(self, plain: naive.Subscription) -> None:
        product, _new = models.Product.objects.get_or_create(key=plain.product)
        row = models.Subscription(
            account_id=self.id_of[plain.account], product=product, known_since=plain.known_since,
            ended_at=plain.ended,
        )  # fmt: skip
        self._note(plain, row)

    def _ledgers(self, world: naive.World) -> None:
        ids = self.id_of
        models.Event.objects.bulk_create(
            models.Event(
                account_id=ids[f.account], contact_id=ids[f.contact] if f.contact else None,
                name=f.name, occurred_at=f.at, received_at=f.received, product=f.product,
                properties=f.said,
            )
            for f in world.facts
        )  # fmt: skip
        models.TraitChange.objects.bulk_create(
            models.TraitChange(
                of=type(c.noun).__name__.lower(), subject_id=ids[c.noun], name=c.name,
                value=c.value, occurred_at=c.at, received_at=c.received,
            )
            for c in world.changes
        )  # fmt: skip
        models.Membership.objects.bulk_create(
            models.Membership(
                contact_id=ids[s.contact], account_id=ids[s.contact.account], role=s.role,
                from_at=s.since, received_at=s.received, to_at=s.until,
                ended_received_at=s.until_received,
            )
            for s in world.stays
        )  # fmt: skip
        first: dict[tuple[int, int], int] = {}
        for m in world.moves:
            place = (ids[m.subscription], m.number)
            row = models.StageTransition.objects.create(
                subscription_id=place[0], account_id=ids[m.subscription.account], version_id=1,
                seq=m.number, to_stage=m.stage, from_stage="" if m.first else "before",
                effective_at=m.at, decided_at=m.decided, corrects=first.get(place),
                cause="criteria",
            )  # fmt: skip
            first.setdefault(place, row.pk)


def subjects(world: naive.World, kind: str) -> dict[Any, naive.Who]:
    """Everybody of a kind, with what the naive interpreter needs to know of them."""
    if kind == "account":
        return {a: naive.Who(a, known_since=a.known_since) for a in world.accounts}
    if kind == "contact":
        return {c: naive.Who(c.account, c, None, c.known_since) for c in world.contacts}
    return {s: naive.Who(s.account, None, s, s.known_since) for s in world.subscriptions}


def said_of(answer: bool | None) -> str:
    return {True: "met", False: "not_met", None: "unknown"}[answer]


def earlier(world: naive.World) -> list[datetime]:
    """Moments worth asking about: those of the rows."""
    return sorted({f.at for f in world.facts} | {m.at for m in world.moves} | {NOW})
