"""Random small worlds, as plain objects and as rows, and random trees to ask about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from journeys import models
from tests.journeys.conditions.world import NOW
from tests.naive import conditions as naive

NAMES, ROLES, PRODUCTS, STAGES = ("x", "y"), ("admin", "approver"), ("aaa", "bbb"), ("one", "two")
PATHS = ("k", "in.side", "数")
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
LENGTHS = ("90min", "6h", "3d", "2w", "2bd", "5bd")

# On a coarse clock, so that facts often lie on the very edges of windows.
moments = st.one_of(
    st.integers(0, 160).map(lambda n: NOW - timedelta(hours=3 * n)),
    st.integers(0, 12).map(lambda n: NOW - timedelta(days=n)),
    st.just(NOW - timedelta(minutes=90)),
)
delays = st.sampled_from((timedelta(0), timedelta(0), timedelta(days=1), timedelta(days=9)))
values = st.sampled_from(VALUES)


def operators() -> st.SearchStrategy[Any]:
    scalars = st.sampled_from((0, 1, 2.5, "a", "ab", "1", "", True, False))
    one = st.one_of(
        st.tuples(st.sampled_from(("eq", "ne", "gt", "gte", "lt", "lte", "contains")), scalars),
        st.tuples(st.sampled_from(("in", "not_in")), st.lists(scalars, min_size=1, max_size=3)),
        st.tuples(st.just("starts_with"), st.sampled_from(("a", ""))),
        st.tuples(st.just("is_set"), st.booleans()),
    )
    return st.lists(one, min_size=1, max_size=2).map(dict)


def quantifiers() -> st.SearchStrategy[Any]:
    numbers: tuple[dict[str, Any], ...] = (
        {"at_least": 1}, {"at_least": 2}, {"share": 0.6}, {"share": 0.5}, {"every": True},
    )  # fmt: skip
    roles: tuple[dict[str, Any], ...] = ({}, *({"role": role} for role in ROLES))
    both = st.tuples(st.sampled_from(roles), st.sampled_from(numbers))
    return both.map(lambda one: one[0] | one[1])


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def events(kind: str) -> st.SearchStrategy[Any]:
    counts = st.lists(
        st.tuples(st.sampled_from(("gt", "gte", "lt", "lte", "eq")), st.integers(0, 3)),
        min_size=1, max_size=2,
    ).map(dict)  # fmt: skip
    by = [st.just("account"), quantifiers(), *([st.just("self")] if kind == "contact" else [])]
    more = optional(
        where=st.dictionaries(st.sampled_from(PATHS), operators(), min_size=1, max_size=2),
        count=counts,
        within=st.sampled_from(LENGTHS),
        distinct=st.sampled_from(("day", "day@UTC", "day@Europe/Berlin", "k", "in.side")),
        by=st.one_of(by),
        product=st.sampled_from(PRODUCTS),
        assume_history=st.just(True),
    )
    plain = more.map(lambda body: {"name": "x"} | body)
    if kind != "subscription":
        return plain
    return st.one_of(plain, plain.map(lambda body: body | {"within": "stage"}))


def traits(kind: str) -> st.SearchStrategy[Any]:
    nouns = ["account", "subscription", *(["contact"] if kind == "contact" else [])]
    base = st.fixed_dictionaries({"of": st.sampled_from(nouns), "name": st.just("t")})
    return st.tuples(base, operators()).map(lambda both: both[0] | both[1])


def stages() -> st.SearchStrategy[Any]:
    where = st.one_of(
        st.fixed_dictionaries({"was": st.sampled_from(STAGES)}),
        st.fixed_dictionaries(
            {"is": st.sampled_from(STAGES)}, optional={"for_at_least": st.sampled_from(LENGTHS)}
        ),
    )
    return st.tuples(where, optional(product=st.sampled_from(PRODUCTS))).map(
        lambda both: both[0] | both[1]
    )


def leaves(kind: str) -> st.SearchStrategy[Any]:
    return st.one_of(
        events(kind).map(lambda body: {"event": body}),
        traits(kind).map(lambda body: {"trait": body}),
        stages().map(lambda body: {"stage": body}),
    )


def nodes(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(of, min_size=1, max_size=3)
    return st.one_of(
        lists.map(lambda children: {"all": children}),
        lists.map(lambda children: {"any": children}),
        of.map(lambda child: {"not": child}),
        st.lists(of, min_size=3, max_size=3).map(lambda of: {"at_least": {"n": 2, "of": of}}),
    )


def trees(kind: str) -> st.SearchStrategy[Any]:
    inner = st.one_of(leaves("contact"), nodes(leaves("contact")))
    people = st.tuples(quantifiers(), optional(who=inner)).map(lambda both: both[0] | both[1])
    leaf = st.one_of(leaves(kind), leaves(kind), people.map(lambda body: {"people": body}))
    return st.one_of(leaf, nodes(leaf), nodes(nodes(leaf)))


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
        world.changes.append(naive.Change(noun, "t", draw(values), at, at + draw(delays)))
    return world


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
