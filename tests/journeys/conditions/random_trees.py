"""Random trees over every head of the language, from a seed: the same seed gives the same tree."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

NAMES, ROLES, PRODUCTS, STAGES = ("x", "y"), ("admin", "approver"), ("aaa", "bbb"), ("one", "two")
JOURNEYS, STEPS = ("j1", "j2"), ("m1", "m2")
PATHS = ("k", "in.side", "数")
LENGTHS = ("90min", "6h", "3d", "2w", "2bd", "5bd")
OFFSETS = ("1d", "3d", "1w", "2bd", "5bd")
WAS = ("sent", "delivered", "clicked", "answered", "dismissed", "bounced")
STATUSES = ("in", "finished", "goal", "left", "holdout")
Tree = dict[str, Any]


def tree(seed: int, kind: str) -> Tree:
    """A tree that can be asked about a kind of subject."""
    return _Trees(Random(seed)).tree(kind)  # noqa: S311 -- not for secrets


def segment(seed: int, kind: str) -> Tree:
    """A condition to be saved: it names no other segment."""
    return _Trees(Random(seed), segments=False).tree(kind)  # noqa: S311 -- not for secrets


class _Trees:
    def __init__(self, random: Random, *, segments: bool = True) -> None:
        self.r, self.segments = random, segments

    def maybe(self, chance: float = 0.4) -> bool:
        return self.r.random() < chance

    def some(self, **fields: Callable[[], Any]) -> dict[str, Any]:
        """Some of the fields."""
        return {name: make() for name, make in fields.items() if self.maybe()}

    def tree(self, kind: str) -> Tree:
        deep = self.r.choice((0, 0, 1, 1, 2))
        return self.node(kind, deep, in_people=False)

    def node(self, kind: str, deep: int, *, in_people: bool) -> Tree:
        if not deep:
            return self.leaf(kind, in_people=in_people)
        below = [
            self.node(kind, deep - 1, in_people=in_people) for _n in range(self.r.randint(1, 3))
        ]
        match self.r.choice(("all", "any", "not", "at_least")):
            case "not":
                return {"not": below[0]}
            case "at_least":
                return {"at_least": {"n": self.r.randint(1, len(below)), "of": below}}
            case head:
                return {head: below}

    def leaf(self, kind: str, *, in_people: bool) -> Tree:
        makers: list[tuple[int, Callable[[], Tree]]] = [
            (5, lambda: {"event": self.event(kind)}),
            (2, lambda: {"trait": self.trait(kind)}),
            (2, lambda: {"date": self.date(kind)}),
            (2, lambda: {"stage": self.stage()}),
            (2, lambda: {"message": self.message()}),
            (2, lambda: {"journey": {"key": self.of(JOURNEYS), "status": self.of(STATUSES)}}),
            (2, lambda: {"ratio": self.ratio(kind)}),
        ]
        if self.segments:
            makers.append((1, lambda: {"segment": f"s-{kind}"}))
        if not in_people or self.maybe(0.1):
            makers.append((3, lambda: {"people": self.people()}))
        weights = [weight for weight, _make in makers]
        return self.r.choices([make for _w, make in makers], weights)[0]()

    def of(self, values: Any) -> Any:
        return self.r.choice(values)

    # --- values -------------------------------------------------------------------------------
    def operators(self) -> Any:
        scalars = (0, 1, 2.5, "a", "ab", "1", "", True, False)
        found: dict[str, Any] = {}
        for _n in range(self.r.randint(1, 2)):
            word = self.of((
                "eq", "ne", "gt", "gte", "lt", "lte", "contains", "in", "not_in", "starts_with",
                "is_set",
            ))  # fmt: skip
            match word:
                case "in" | "not_in":
                    found[word] = [self.of(scalars) for _m in range(self.r.randint(1, 3))]
                case "starts_with":
                    found[word] = self.of(("a", ""))
                case "is_set":
                    found[word] = self.maybe(0.5)
                case _:
                    found[word] = self.of(scalars)
        return found

    def quantifier(self) -> dict[str, Any]:
        number = self.of(
            ({"at_least": 1}, {"at_least": 2}, {"share": 0.6}, {"share": 0.5}, {"every": True})
        )
        return ({"role": self.of(ROLES)} if self.maybe(0.6) else {}) | number

    def count(self, *, of_sum: bool = False) -> dict[str, Any]:
        numbers = (-1, 0, 1, 2.5, 3.5, 4) if of_sum else (0, 1, 2, 3)
        words = self.r.sample(("gt", "gte", "lt", "lte", "eq"), self.of((1, 1, 2)))
        return {word: self.of(numbers) for word in words}

    # --- leaves -------------------------------------------------------------------------------
    def event(self, kind: str) -> Tree:
        body: Tree = {"name": "x"}
        body |= self.some(
            where=lambda: {self.of(PATHS): self.operators() for _n in range(self.of((1, 1, 2)))},
            product=lambda: self.of(PRODUCTS),
        )
        adds = self.maybe(0.25)
        if adds:
            body["sum"] = self.of(("k", "in.side"))
        elif self.maybe(0.3):
            body["distinct"] = self.of(("day", "day@UTC", "day@Europe/Berlin", "k", "in.side"))
        if self.maybe(0.6):
            body["count"] = self.count(of_sum=adds)
        if self.maybe(0.2):
            body |= {"every": self.of(("week", "month")), "in_a_row": self.of((1, 2))}
        elif self.maybe(0.6):
            in_stage = kind == "subscription" or "product" in body
            body["within"] = self.of((*LENGTHS, "stage") if in_stage else LENGTHS)
            if self.maybe(0.2):
                body["assume_history"] = True
        if self.maybe(0.4):
            body["by"] = (
                "self" if kind == "contact" and self.maybe(0.4) else
                self.of(("account", self.quantifier(), self.quantifier()))
            )  # fmt: skip
        return body

    def noun(self, kind: str) -> str:
        return str(
            self.of(("account", "subscription", *(("contact",) if kind == "contact" else ())))
        )

    def trait(self, kind: str) -> Tree:
        return {"of": self.noun(kind), "name": "t"} | self.operators()

    def date(self, kind: str) -> Tree:
        body: Tree = {"of": self.noun(kind), "name": "d"}
        match self.of(("before", "after", "between")):
            case "between":
                first = f"{self.of(('-', ''))}{self.of(OFFSETS)}"
                return body | {"between": [first, self.of(("8d", "2w", "6bd"))]}
            case word:
                return body | {word: self.of(OFFSETS)}

    def stage(self) -> Tree:
        if self.maybe():
            return {"was": self.of(STAGES)} | self.some(product=lambda: self.of(PRODUCTS))
        return {"is": self.of(STAGES)} | self.some(
            for_at_least=lambda: self.of(LENGTHS), product=lambda: self.of(PRODUCTS)
        )

    def message(self) -> Tree:
        return {"journey": self.of(JOURNEYS), "was": self.of(WAS)} | self.some(
            step=lambda: self.of(STEPS), within=lambda: self.of(LENGTHS)
        )

    def ratio(self, kind: str) -> Tree:
        signs = self.r.sample(("gt", "gte", "lt", "lte", "eq"), self.of((1, 1, 2)))
        return {
            "of": self.measure(kind), "to": self.measure(kind),
            **{sign: self.of((0.5, 0.6, 1, 2)) for sign in signs},
        }  # fmt: skip

    def measure(self, kind: str) -> Tree:
        if self.maybe(0.4):
            return {"trait": {"of": self.of(("account", kind)), "name": "t"}}
        body = self.event(kind)
        kept = ("name", "where", "product", "sum", "distinct", "within", "by")
        event = {word: said for word, said in body.items() if word in kept}
        if isinstance(event.get("by"), dict):
            del event["by"]
        return {"event": event}

    def people(self) -> Tree:
        body = self.quantifier()
        if self.maybe(0.8):
            body["who"] = self.node("contact", self.of((0, 0, 1)), in_people=True)
        return body
