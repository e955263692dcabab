"""The typed tree. Composites are here; every leaf is a module of its own under `leaves/`.

A node is met, not met or unknown (three values). Each leaf answers three ways, which must agree:
as two predicates in SQL, as a history in memory (`verdict(t)` for any past moment), and in words.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from django.db.models import Q

    from journeys.conditions.asking import Ask, Row, Subject
    from journeys.conditions.at import At


class Verdict(StrEnum):
    """What a node says of one subject. Only `met` counts."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, answer: bool | None) -> Verdict:
        """True, False, None as met, not met, unknown."""
        if answer is None:
            return cls.UNKNOWN
        return cls.MET if answer else cls.NOT_MET


@dataclass(frozen=True)
class Evidence:
    """What a leaf found at a moment: JSON-able `found`, the newest rows behind it, how many."""

    found: Any
    rows: tuple[Mapping[str, Any], ...] = ()
    count: int = 0


class History(ABC):
    """Everything behind one leaf for one subject, kept in memory."""

    @abstractmethod
    def verdict(self, at: datetime) -> Verdict:
        """What the leaf said at `at`, from the rows known to the question."""

    @abstractmethod
    def moments(self) -> Iterable[datetime]:
        """Every moment at which the verdict may change: rows, window edges, ends of tenure."""

    @abstractmethod
    def evidence(self, at: datetime) -> Evidence:
        """What was found at `at`."""


class Node(ABC):
    """A node of the tree, immutable. Compare digests: Python takes True for 1, a condition not."""

    head: ClassVar[str]

    @cached_property
    def digest(self) -> str:
        """A hash of the stored spelling."""
        text = json.dumps(stored(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def children(self) -> tuple[Node, ...]:
        return ()

    @abstractmethod
    def body(self) -> Any:
        """What stands behind the head in the stored tree, in its one canonical spelling."""


class Leaf(Node):
    """A question to the rows."""

    @property
    def inner(self) -> tuple[Node, ...]:
        """Conditions the question itself is made of; they are the leaf's own matter."""
        return ()

    @classmethod
    @abstractmethod
    def read(cls, at: At) -> Self:
        """Read the body. ConditionError with the path when it does not fit."""

    @abstractmethod
    def check(self, kind: str, path: str) -> None:
        """ConditionError when this question cannot be put about a subject of this kind."""

    @abstractmethod
    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        """Rows for which the leaf is met (`want`) or not met; unknown rows are in neither."""

    @abstractmethod
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        """Each subject's history by row id, by a fixed number of SELECTs however many rows.

        With `detail` the histories can show their newest rows.
        """

    @abstractmethod
    def sentence(self, evidence: Evidence) -> str:
        """What was found and what was wanted, in the active language."""


@dataclass(frozen=True)
class All(Node):
    """Met when every child is; not met when one is not."""

    head: ClassVar[str] = "all"
    of: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.of

    def body(self) -> Any:
        return [stored(child) for child in self.of]


@dataclass(frozen=True)
class AnyOf(Node):
    """Met when one child is; not met when none is and none is unknown."""

    head: ClassVar[str] = "any"
    of: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.of

    def body(self) -> Any:
        return [stored(child) for child in self.of]


@dataclass(frozen=True)
class Not(Node):
    """Swaps met and not met; unknown stays unknown."""

    head: ClassVar[str] = "not"
    of: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.of,)

    def body(self) -> Any:
        return stored(self.of)


@dataclass(frozen=True)
class AtLeast(Node):
    """Met when `n` children are; not met when met and unknown ones together are fewer."""

    head: ClassVar[str] = "at_least"
    n: int
    of: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.of

    def body(self) -> Any:
        return {"n": self.n, "of": [stored(child) for child in self.of]}


def stored(node: Node) -> dict[str, Any]:
    """The node as it is stored."""
    return {node.head: node.body()}


def combined(node: Node, of: Sequence[Verdict]) -> Verdict:
    """A composite's verdict from its children's (contracts 1.1)."""
    met, unknown = of.count(Verdict.MET), of.count(Verdict.UNKNOWN)
    match node:
        case Not():
            swapped = {Verdict.MET: Verdict.NOT_MET, Verdict.NOT_MET: Verdict.MET}
            return swapped.get(of[0], Verdict.UNKNOWN)
        case AnyOf():
            need = 1
        case AtLeast():
            need = node.n
        case _:
            need = len(of)
    if met >= need:
        return Verdict.MET
    return Verdict.NOT_MET if met + unknown < need else Verdict.UNKNOWN


def judged(node: Node, leaf: Callable[[Leaf], Verdict]) -> Verdict:
    """The verdict of a whole tree, given that of each leaf."""
    if isinstance(node, Leaf):
        return leaf(node)
    return combined(node, [judged(child, leaf) for child in node.children])


def size(node: Node) -> int:
    """How many nodes there are, those inside leaves included."""
    inner = node.inner if isinstance(node, Leaf) else ()
    return 1 + sum(size(one) for one in (*node.children, *inner))


def depth(node: Node) -> int:
    """How many composites stand inside one another, the leaf included."""
    return 1 + max((depth(child) for child in node.children), default=0)


def leaves(node: Node) -> Iterator[Leaf]:
    """The leaves in reading order. A condition inside a leaf (`who`) is the leaf's own matter."""
    if isinstance(node, Leaf):
        yield node
    for child in node.children:
        yield from leaves(child)
