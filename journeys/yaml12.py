"""Reading YAML 1.2 core: `no`, `on` and dates stay text; anchors and duplicate keys are refused.

Every value keeps the line it stood on, so that a refusal can name file, line and path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

DEEPEST = 60
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class BadYaml(ValueError):
    """The text is not YAML 1.2 core as we read it; `line` counts from 1."""

    def __init__(self, message: str, line: int, path: str = "") -> None:
        super().__init__(message)
        self.line, self.path = line, path


@dataclass
class Read:
    """What a text says, and on which line each path (`a.b[0].c`) stands."""

    data: Any
    lines: dict[str, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int:
        """The line of a path, or of its nearest parent that has one."""
        while path and path not in self.lines:
            path = re.sub(r"(\.[^.\[]+|\[\d+\]|^[^.\[]+)$", "", path)
        return self.lines.get(path, 1)


def read(text: str) -> Read:
    """Read one YAML document. BadYaml with the line when it cannot be read."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(str(error.problem or error.context or "").split())
        raise BadYaml(what, mark.line + 1 if mark else 1) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise BadYaml(" ".join(str(error).split()) or "too deep", 1) from None
    found = Read(None)
    if node is not None:
        found.data = _value(node, "", found, 0)
    return found


def _value(node: Node, path: str, found: Read, depth: int) -> Any:
    line = node.start_mark.line + 1
    found.lines[path] = line
    if node.anchor:
        raise BadYaml(f"anchors and aliases (&{node.anchor}) are not read", line, path)
    if depth > DEEPEST:
        raise BadYaml("nested too deeply", line, path)
    if isinstance(node, ScalarNode):
        try:
            return _scalar(node)
        except ValueError:  # Python reads no number of thousands of digits
            raise BadYaml("a number of too many digits", line, path) from None
    if isinstance(node, SequenceNode):
        return [_value(n, f"{path}[{i}]", found, depth + 1) for i, n in enumerate(node.value)]
    return _mapping(node, path, found, depth) if isinstance(node, MappingNode) else None


def _mapping(node: MappingNode, path: str, found: Read, depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise BadYaml("a key must be text", line, path)
        key = str(key_node.value)
        if key in data:
            raise BadYaml(f"the key “{key}” stands twice", line, path)
        data[key] = _value(value_node, f"{path}.{key}" if path else key, found, depth + 1)
    return data


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
