"""Whether a tree can be asked about a kind of subject."""

from __future__ import annotations

from journeys.conditions.tree import All, AnyOf, AtLeast, Leaf, Node


def check(node: Node, kind: str, path: str = "") -> None:
    """ConditionError, with the path, at the first leaf that cannot be asked about `kind`."""
    head = f"{path}.{node.head}" if path else node.head
    match node:
        case Leaf():
            node.check(kind, head)
        case All() | AnyOf() | AtLeast():
            of = f"{head}.of" if isinstance(node, AtLeast) else head
            for index, child in enumerate(node.children):
                check(child, kind, f"{of}[{index}]")
        case _:
            for child in node.children:
                check(child, kind, head)
