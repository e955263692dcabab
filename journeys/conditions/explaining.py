"""Why: the same tree with each node's verdict, what was found and wanted, and one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, IntegerField, When

from journeys.conditions.asking import Ask, Row, Subject
from journeys.conditions.compiling import compile
from journeys.conditions.dialect import among
from journeys.conditions.memory import Memory, batched
from journeys.conditions.tree import Leaf, Node, Verdict, combined, leaves
from journeys.conditions.words import head_in_words, moment_in_words


@dataclass(frozen=True)
class Explained:
    """One node's answer for one subject; leaves carry what was found, composites their children.

    `rows` are the newest five behind the leaf, of `count`. `changes_at`: when the verdict will
    change by time alone if nothing else happens; None when it will not.
    """

    head: str
    verdict: Verdict
    found: Any
    wanted: Any
    rows: tuple[Mapping[str, Any], ...]
    count: int
    changes_at: datetime | None
    sentence: str
    children: tuple[Explained, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values, for evidence and for the command."""
        plain: dict[str, Any] = {
            "head": self.head,
            "verdict": self.verdict.value,
            "found": _plain(self.found),
            "wanted": self.wanted,
            "rows": [_plain(row) for row in self.rows],
            "count": self.count,
            "changes_at": _plain(self.changes_at),
            "sentence": self.sentence,
        }
        if self.children:
            plain["children"] = [child.as_json() for child in self.children]
        return plain

    def lines(self, depth: int = 0) -> list[str]:
        """The tree as indented text."""
        marks = {Verdict.MET: "✓", Verdict.NOT_MET: "✗", Verdict.UNKNOWN: "?"}
        own = f"{'  ' * depth}{marks[self.verdict]} {self.sentence}"
        return [own, *(line for child in self.children for line in child.lines(depth + 1))]


def explain(node: Node, ids: Iterable[int], ask: Ask, subject: Subject) -> dict[int, Explained]:
    """Each id's explained tree, by id; ids that do not exist are left out.

    The verdicts come from the very predicates the engine uses, by one SELECT; what is behind them
    by one SELECT for the subjects and a fixed number for each distinct leaf. That is for each batch
    of 1,000 ids, so that what is kept in memory has a limit.
    """
    found: dict[int, Explained] = {}
    for some in batched(sorted(set(ids))):
        rows = subject.rows(some)
        verdicts = _verdicts(node, some, ask, subject)
        memory = Memory(node, rows, ask, detail=True)
        found |= {row.id: _explained(node, row, verdicts[row.id], memory, ask) for row in rows}
    return found


def _verdicts(
    node: Node, ids: Sequence[int], ask: Ask, subject: Subject
) -> dict[int, dict[str, Verdict]]:
    """id → digest of a leaf → its verdict, by one SELECT."""
    distinct = {leaf.digest: leaf for leaf in leaves(node)}
    said = {
        f"leaf_{number}": Case(
            When(compile(leaf, True, ask, subject), then=1),
            When(compile(leaf, False, ask, subject), then=0),
            output_field=IntegerField(),
        )
        for number, leaf in enumerate(distinct.values())
    }
    found = subject.every().filter(among("pk", ids)).values_list("pk", *said.values())
    return {
        pk: {
            digest: Verdict.of(None if answer is None else bool(answer))
            for digest, answer in zip(distinct, answers, strict=True)
        }
        for pk, *answers in found
    }


def _explained(
    node: Node, row: Row, verdicts: dict[str, Verdict], memory: Memory, ask: Ask
) -> Explained:
    if not isinstance(node, Leaf):
        return _composite(node, row, verdicts, memory, ask)
    evidence = memory.history(node, row.id).evidence(ask.now)
    return Explained(
        head=node.head,
        verdict=verdicts[node.digest],
        found=evidence.found,
        wanted=node.body(),
        rows=evidence.rows,
        count=evidence.count,
        changes_at=_changes_at(node, row.id, memory, ask.now),
        sentence=node.sentence(evidence),
    )


def _composite(
    node: Node, row: Row, verdicts: dict[str, Verdict], memory: Memory, ask: Ask
) -> Explained:
    children = tuple(_explained(child, row, verdicts, memory, ask) for child in node.children)
    verdict = combined(node, [child.verdict for child in children])
    met = sum(child.verdict is Verdict.MET for child in children)
    return Explained(
        head=node.head,
        verdict=verdict,
        found=met,
        wanted=len(children),
        rows=(),
        count=0,
        changes_at=_changes_at(node, row.id, memory, ask.now),
        sentence=head_in_words(node, met, len(children)),
        children=children,
    )


def _changes_at(node: Node, row_id: int, memory: Memory, now: datetime) -> datetime | None:
    """The first moment after `now` at which the verdict differs, if nothing more happens."""
    today = memory.verdict(row_id, now, node)
    ahead = sorted({at for at in memory.moments(row_id, node) if at > now})
    return next((at for at in ahead if memory.verdict(row_id, at, node) is not today), None)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment_in_words(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
