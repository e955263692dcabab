"""Stages of a route and criteria of a stage: lists of parts with keys, put in, moved, taken out.

Every function gives a new document. A part is addressed as (stage key, criterion key or "").
"""

from __future__ import annotations

import copy
from typing import Any

from journeys.admin.editor.fields import Document

Part = dict[str, Any]


def stages(document: Document) -> list[Part]:
    """The stages that are mappings, in route order."""
    return _parts(document.get("stages"))


def criteria(stage: Part) -> list[Part]:
    """The exit criteria of a stage, in order."""
    exit_ = stage.get("exit")
    return _parts(exit_.get("criteria")) if isinstance(exit_, dict) else []


def _parts(value: Any) -> list[Part]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def find(document: Document, stage_key: str, criterion_key: str = "") -> tuple[int, Part] | None:
    """(index, part) of a stage, or of a criterion of a stage."""
    found = _by_key(stages(document), stage_key)
    if found is None or not criterion_key:
        return found
    return _by_key(criteria(found[1]), criterion_key)


def _by_key(parts: list[Part], key: str) -> tuple[int, Part] | None:
    return next(((n, part) for n, part in enumerate(parts) if part.get("key") == key), None)


def put_in(
    document: Document, part: Part, stage_key: str = "", index: int | None = None
) -> Document:
    """The document with one more stage, or one more criterion of a stage. KeyError without it."""
    new = copy.deepcopy(document)
    rows = _list(new, stage_key, of_stage=bool(stage_key))
    rows.insert(len(rows) if index is None else max(0, index), part)
    return new


def replace(document: Document, part: Part, stage_key: str, criterion_key: str = "") -> Document:
    """The document with another text of one part; a stage keeps the criteria it has."""
    new = copy.deepcopy(document)
    rows, index = _place(new, stage_key, criterion_key)
    rows[index] = part
    return new


def move(document: Document, by: int, stage_key: str, criterion_key: str = "") -> Document:
    """The document with a part moved up (-1) or down (+1)."""
    new = copy.deepcopy(document)
    rows, index = _place(new, stage_key, criterion_key)
    rows.insert(max(0, index + by), rows.pop(index))
    return new


def take_out(document: Document, stage_key: str, criterion_key: str = "") -> Document:
    """The document without a part."""
    new = copy.deepcopy(document)
    rows, index = _place(new, stage_key, criterion_key)
    rows.pop(index)
    return new


def _place(document: Document, stage_key: str, criterion_key: str) -> tuple[list[Part], int]:
    rows = _list(document, stage_key, of_stage=bool(criterion_key))
    found = _by_key(rows, criterion_key or stage_key)
    if found is None:
        raise KeyError(criterion_key or stage_key)
    return rows, found[0]


def _list(document: Document, stage_key: str, *, of_stage: bool) -> list[Part]:
    if not of_stage:
        all_stages: list[Part] = document.setdefault("stages", [])
        return all_stages
    found = _by_key(document.get("stages") or [], stage_key)
    if found is None:
        raise KeyError(stage_key)
    stage = found[1]
    if not isinstance(stage.get("exit"), dict):
        stage["exit"] = {}
    criteria_: list[Part] = stage["exit"].setdefault("criteria", [])
    return criteria_
