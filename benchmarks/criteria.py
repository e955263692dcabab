"""G1, G2: exit criteria asked of a whole stage, against the best SQL a hand would write for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from benchmarks.goals import Line
from benchmarks.population import NOW, Population
from benchmarks.timing import Timed, in_turns
from journeys import conditions, db
from journeys.conditions import SUBSCRIPTION, Ask, Node
from journeys.models import Contact, Event, Subscription, TraitChange
from journeys.timing import Days

ASK = Ask(now=NOW, days=Days("JP", (), settings.TIME_ZONE))
TRIED = 150  # contacts of the one-by-one loop; the rest is extrapolated


@dataclass(frozen=True)
class Shape:
    """A criterion in the language, and the body of the best WHERE for it (alias `s`)."""

    name: str
    condition: dict[str, Any]
    where: Callable[[], tuple[str, list[Any]]]


def _at(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _since(days: int) -> Any:
    return _at(NOW - timedelta(days=days))


FACTS = (
    "FROM journeys_event e WHERE e.account_id = s.account_id AND e.name = %s"
    " AND e.occurred_at > %s AND e.occurred_at <= %s AND e.product IN ('', 'app')"
)
NEWEST = (
    "(SELECT {read} FROM journeys_traitchange t WHERE t.of = 'account'"
    " AND t.subject_id = s.account_id AND t.name = %s AND t.occurred_at <= %s"
    " ORDER BY t.occurred_at DESC, t.id DESC LIMIT 1)"
)
ROLE = (
    "FROM journeys_contact c WHERE c.account_id = s.account_id AND EXISTS (SELECT 1 FROM"
    " journeys_membership m WHERE m.contact_id = c.id AND m.account_id = c.account_id"
    " AND m.role = %s AND m.from_at <= %s AND (m.to_at IS NULL OR m.to_at > %s))"
)


def _read(kind: str) -> str:
    """A JSON value of one kind (text, number) as SQL."""
    if db.is_postgres():
        return "t.value #>> '{}'" if kind == "text" else "(t.value #>> '{}')::double precision"
    return "t.value ->> '$'"


def _often() -> tuple[str, list[Any]]:
    probe = f"(SELECT COUNT(*) FROM (SELECT 1 {FACTS} LIMIT 3) q) >= 3"
    return probe, ["invoice.created", _since(14), _at(NOW)]


def _ever() -> tuple[str, list[Any]]:
    return f"EXISTS (SELECT 1 {FACTS})", ["course.completed", _since(4000), _at(NOW)]


def _traits() -> tuple[str, list[Any]]:
    plan, seats = (NEWEST.format(read=_read(kind)) for kind in ("text", "number"))
    return f"({plan} = 'pro' OR {seats} > 20)", ["plan", _at(NOW), "seats", _at(NOW)]


def _whole() -> tuple[str, list[Any]]:
    parts = [_traits(), _ever(), _often()]
    return " AND ".join(p for p, _v in parts), [value for _p, values in parts for value in values]


def _silent() -> tuple[str, list[Any]]:
    values = ["login", _since(14), _at(NOW)]
    return f"s.known_since <= %s AND NOT EXISTS (SELECT 1 {FACTS})", [_since(14), *values]


def _share() -> tuple[str, list[Any]]:
    done = (
        "EXISTS (SELECT 1 FROM journeys_event e WHERE e.contact_id = c.id AND e.name = %s"
        " AND e.occurred_at <= %s AND e.product IN ('', 'app'))"
    )
    sql = (
        f"EXISTS (SELECT 1 {ROLE}) AND (SELECT 5 * SUM(CASE WHEN {done} THEN 1 ELSE 0 END)"
        f" - 3 * COUNT(*) {ROLE}) >= 0"
    )
    who = ["approver", _at(NOW), _at(NOW)]
    return sql, [*who, "approved", _at(NOW), *who]


OFTEN = {"event": {"name": "invoice.created", "count": {"gte": 3}, "within": "14d"}}
EVER = {"event": {"name": "course.completed"}}
TRAITS = {
    "any": [
        {"trait": {"of": "account", "name": "plan", "eq": "pro"}},
        {"trait": {"of": "account", "name": "seats", "gt": 20}},
    ]
}
SILENT = {"event": {"name": "login", "count": {"eq": 0}, "within": "14d"}}
SHARE = {
    "people": {
        "role": "approver",
        "who": {"event": {"name": "approved", "by": "self"}},
        "share": 0.6,
    }
}
SHAPES = (
    Shape("three facts in 14 days", OFTEN, _often),
    Shape("a fact ever", EVER, _ever),
    Shape("one of two traits", TRAITS, _traits),
    Shape("facts, course and traits together", {"all": [TRAITS, EVER, OFTEN]}, _whole),
    Shape("nothing in 14 days", SILENT, _silent),
    Shape("60 % of a role", SHARE, _share),
)


def compiled(tree: Node, stage: int) -> frozenset[int]:
    """Who of the stage meets the tree, as a tick asks it."""

    def build(ask: Ask, _ids: Any) -> Any:
        there = Subscription.objects.filter(
            conditions.compile(tree, True, ask, SUBSCRIPTION), stage=stage
        )
        return there.order_by().values_list("pk")

    return frozenset(pk for (pk,) in conditions.asked(("bench", tree.digest, stage), build, ASK))


def by_hand(where: str, values: list[Any], stage: int) -> frozenset[int]:
    sql = f"SELECT s.id FROM journeys_subscription s WHERE s.stage_id = %s AND {where}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [stage, *values])
        return frozenset(pk for (pk,) in cursor.fetchall())


def measure(shape: Shape, population: Population, rounds: int) -> dict[str, Timed]:
    tree = conditions.parse(shape.condition, subject="subscription")
    where, values = shape.where()
    timed = in_turns(
        {
            "compiled": lambda: compiled(tree, population.stage),
            "by hand": lambda: by_hand(where, values, population.stage),
        },
        rounds,
    )
    assert timed["compiled"].answer == timed["by hand"].answer, shape.name
    return timed


def one_by_one(population: Population) -> float:
    """Seconds for the whole stage when each contact is asked by itself (extrapolated)."""
    accounts = Subscription.objects.filter(stage=population.stage).order_by("pk")
    ids = list(accounts.values_list("account_id", flat=True)[: TRIED // 8 + 1])
    people = list(Contact.objects.filter(account_id__in=ids).select_related("account")[:TRIED])
    timed = in_turns({"loop": lambda: [_asked_alone(person) for person in people]}, 3)
    return timed["loop"].wall / len(people) * population.in_stage * 8


def _asked_alone(person: Contact) -> bool:
    """The fourth shape as a drip rule would ask it."""
    facts = Event.objects.filter(
        account_id=person.account_id, product__in=("", "app"), occurred_at__lte=NOW
    )
    recent = facts.filter(name="invoice.created", occurred_at__gt=NOW - timedelta(days=14))
    return (
        recent.count() >= 3
        and facts.filter(name="course.completed").exists()
        and (_trait(person, "plan") == "pro" or (_trait(person, "seats") or 0) > 20)
    )


def _trait(person: Contact, name: str) -> Any:
    changes = TraitChange.objects.filter(
        of="account", subject_id=person.account_id, name=name, occurred_at__lte=NOW
    )
    newest = changes.order_by("-occurred_at", "-pk").first()
    return newest.value if newest else None


def lines(population: Population, database: str, rounds: int) -> Iterator[Line]:
    """G1 for each shape and against the loop; microseconds an account for G2."""
    scan = 0.0
    for shape in SHAPES:
        timed = measure(shape, population, rounds)
        ours, theirs = timed["compiled"], timed["by hand"]
        detail = f"{ours.wall * 1000:.1f} ms, by hand {theirs.wall * 1000:.1f} ms, {len(ours.answer)} of {population.in_stage} met"  # type: ignore[arg-type]
        yield Line("G1", database, shape.name, theirs.wall / ours.wall, 0.7, detail=detail)
        if shape.name.startswith("facts, course"):
            scan = ours.wall
    loop = one_by_one(population)
    wanted = 2000 if population.contacts >= 100_000 else 200
    yield Line("G1", database, f"against one query a contact, {population.contacts:,} contacts",
               loop / scan, wanted, detail=f"{loop:,.0f} s against {scan * 1000:.0f} ms")  # fmt: skip
    yield Line("G2", database, f"full scan, {population.contacts:,} contacts", scan / population.in_stage * 1e6,
               4.0, unit="µs an account", at_most=True)  # fmt: skip
