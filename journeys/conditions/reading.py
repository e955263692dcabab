"""From what an author wrote to the typed tree, and back to its one canonical spelling."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any

from django.utils.translation import gettext as _
from ruamel.yaml.error import YAMLError

from journeys.conditions.at import At
from journeys.conditions.checking import check
from journeys.conditions.errors import ConditionError
from journeys.conditions.leaves import LATER, LEAVES
from journeys.conditions.tree import All, AnyOf, AtLeast, Node, Not, size, stored
from journeys.yaml12 import BadYaml, read

DEEPEST, MOST_NODES, MOST_BYTES = 6, 50, 32_000
#: What an author cannot see at a glance may be larger, but not without an end.
MOST_WITH_SEGMENTS = 500
COMPOSITES = ("all", "any", "not", "at_least")


def parse(raw: object, *, subject: str | None = None, whole: bool = True) -> Node:
    """The tree of a mapping as YAML or JSON gives it.

    With `subject` (account, contact, subscription, enrollment) every leaf must fit that kind.
    The limits (6 deep, 50 nodes, 32 kB) hold for what an author writes; `whole=False` lifts them
    for a tree the house puts together from conditions that were read before.
    ConditionError, with path, code and the allowed words, for anything else.
    """
    try:
        text = json.dumps(raw, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return _parse(raw, subject, whole)
    if '"segment": "' in text:  # named: what it says may differ the next time
        return _read_text(text, subject, whole)
    return _parse_text(text, subject, whole)


def parse_yaml(text: str, *, subject: str | None = None) -> Node:
    """The tree of a YAML 1.2 core text; JSON is a part of it."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES or _nests_deeply(text):
        raise _too_complex("")
    try:
        return parse(_load(text), subject=subject)
    except RecursionError:
        raise _too_complex("") from None


def dump(node: Node) -> dict[str, Any]:
    """The tree as it is stored: one spelling for one meaning, `by` always written."""
    return stored(node)


def hash_of(node: Node) -> str:
    """A digest of the stored tree; equal for conditions that are spelled alike there."""
    return node.digest


@lru_cache(maxsize=4096)
def _parse_text(text: str, subject: str | None, whole: bool) -> Node:
    """The engine asks for the same few trees again and again."""
    return _read_text(text, subject, whole)


def _read_text(text: str, subject: str | None, whole: bool) -> Node:
    if whole and len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _too_complex("")
    return _parse(json.loads(text), subject, whole)


def _parse(raw: object, subject: str | None, whole: bool) -> Node:
    node = _Reading(whole).node(raw)
    if size(node) > MOST_WITH_SEGMENTS:
        message = _("With what its segments say the condition has more than %d nodes.")
        raise ConditionError(message % MOST_WITH_SEGMENTS, code="too_complex")
    if subject is not None:
        check(node, subject)
    return node


def _load(text: str) -> Any:
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        except json.JSONDecodeError:
            pass  # a YAML flow mapping may begin the same way
    try:
        return read(text).data
    except BadYaml as error:
        message = _("Line %(line)d: %(what)s.") % {"line": error.line, "what": str(error)}
        raise ConditionError(message, error.path, code="bad_yaml") from None
    except (YAMLError, ValueError) as error:
        raise ConditionError(" ".join(str(error).split()), code="bad_yaml") from None


def _nests_deeply(text: str) -> bool:
    """Whether brackets pile up far beyond any condition, which would keep a parser busy."""
    depths = accumulate((c in "[{") - (c in "]}") for c in text)
    return max(depths, default=0) > 100


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ConditionError(_("The key “%s” stands twice.") % twice, twice, code="bad_yaml")
    return found


def _no_constant(name: str) -> Any:
    raise ConditionError(_("“%s” is not a number.") % name, code="bad_yaml")


def _too_complex(path: str) -> ConditionError:
    limits = {"deep": DEEPEST, "nodes": MOST_NODES, "kb": MOST_BYTES // 1000}
    message = _("At most %(deep)d deep, %(nodes)d nodes and %(kb)d kB.")
    return ConditionError(message % limits, path, code="too_complex")


@dataclass
class _Reading:
    """One pass over a tree, counting its nodes."""

    whole: bool
    nodes: int = field(default=0)

    def node(self, raw: object) -> Node:
        return self.at(At(raw, "", self.at, self.saved))

    def at(self, at: At) -> Node:
        """Read one node with one head."""
        self.nodes += 1
        if at.deep > (DEEPEST if self.whole else DEEPEST + 2):
            raise _too_complex(at.path)
        if self.whole and self.nodes > MOST_NODES:
            raise _too_complex(at.path)
        return self.headed(*self.head(at), deep=at.deep)

    def saved(self, at: At) -> Node:
        """Read a condition that was saved: its own author kept the limits."""
        if len(at.trail) > DEEPEST:
            raise _too_complex(at.path)
        inner = _Reading(self.whole)
        return inner.at(replace(at, read_node=inner.at, read_saved=inner.saved))

    def head(self, at: At) -> tuple[str, At]:
        heads = (*COMPOSITES, *LEAVES)
        given = at.mapping()
        for name, body in given.items():
            if name in LATER:
                body.refuse(
                    "not_available", _("“%s” is reserved: it comes with the signals.") % name
                )
            if name not in heads:
                body.refuse("unknown_head", _("“%s” is not known here.") % name, heads)
        if len(given) != 1:
            at.refuse("one_head", _("A condition has exactly one head."), heads)
        return next(iter(given.items()))

    def headed(self, head: str, body: At, deep: int) -> Node:
        match head:
            case "all":
                return All(self.many(body, deep))
            case "any":
                return AnyOf(self.many(body, deep))
            case "not":
                return Not(self.at(body.deeper()))
            case "at_least":
                return self.at_least(body, deep)
        return LEAVES[head].read(body)

    def many(self, body: At, deep: int) -> tuple[Node, ...]:
        return tuple(self.at(item.deeper()) for item in body.items())

    def at_least(self, body: At, deep: int) -> Node:
        given = body.fields(("n", "of"), required=("n", "of"))
        of = self.many(given["of"], deep)
        n = given["n"].whole(1)
        if n > len(of):
            given["n"].refuse("out_of_range", _("“n” is more than “of” has."))
        return AtLeast(n, of)
