"""The goals, as they are printed and kept in the table of README.md."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Line:
    """One measured ratio (or amount) against its goal. `at_most`: the smaller the better."""

    goal: str
    database: str
    what: str
    measured: float
    wanted: float
    unit: str = "x"
    at_most: bool = False
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.measured <= self.wanted if self.at_most else self.measured >= self.wanted

    def told(self) -> str:
        sign = "≤" if self.at_most else "≥"
        verdict = "holds" if self.holds else "MISSED"
        number = f"{self.measured:,.2f}" if self.measured < 100 else f"{self.measured:,.0f}"
        return (
            f"| {self.goal} | {self.database} | {self.what} | {number} {self.unit}"
            f" | {sign} {self.wanted:g} | {verdict} | {self.detail} |"
        )


HEAD = "| goal | database | what | measured | goal | | detail |\n| --- | --- | --- | --- | --- | --- | --- |"


def table(lines: Iterable[Line]) -> str:
    return "\n".join([HEAD, *(line.told() for line in lines)])


def as_rows(lines: Iterable[Line]) -> list[dict[str, object]]:
    """How a child process hands its lines to its parent."""
    return [asdict(line) for line in lines]
