"""A condition in a text field: YAML 1.2 there, a tree in the document, and what it says."""

from __future__ import annotations

import io
import json
from typing import Any

from django.utils.translation import gettext as _
from ruamel.yaml import YAML

from journeys import conditions
from journeys.yaml12 import BadYaml, read


def as_text(value: Any) -> str:
    """A stored condition as its author writes it; what could not be read stays as it was typed."""
    if value in (None, "", {}):
        return ""
    if isinstance(value, str):
        return value
    text = _yaml(value)
    return text if _says(text, value) else json.dumps(value, ensure_ascii=False)


def _yaml(value: Any) -> str:
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode, yaml.width, yaml.sort_base_mapping_type_on_output = True, 100, False
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().removesuffix("\n")


def _says(text: str, value: Any) -> bool:
    try:
        return bool(read(text).data == value)
    except BadYaml:
        return False


def from_text(text: str) -> Any:
    """The tree a text says; the text itself when it cannot be read (a draft keeps everything)."""
    text = text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        return None
    try:
        data = read(text).data
    except BadYaml:
        return text
    return data if isinstance(data, dict) else text


def problem_in(value: Any, subject: str) -> str:
    """What is wrong with a field's condition, with line or path; "" when nothing is."""
    if isinstance(value, str):
        try:
            read(value)
        except BadYaml as error:
            return _("Line %(line)d: %(what)s") % {"line": error.line, "what": error}
        return _("A condition is a mapping, such as “event: {name: goal.set}”.")
    try:
        conditions.parse(value, subject=subject)
    except conditions.ConditionError as error:
        return str(error)
    return ""
