"""Reading bundle files: YAML → documents, with file, line and path of every mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from journeys.messages.templates import check_template
from journeys.publishing import Problem, check_journey, check_lifecycle, read_shape
from journeys.publishing.shapes import BundleDoc
from journeys.yaml12 import BadYaml, Read, read

#: In the order in which they must exist; each noun may refer to those before it.
KINDS = ("products", "calendars", "topics", "personas", "templates", "lifecycles", "journeys")
#: Keys of the contract whose rooms are not open yet: not empty means refused, never ignored.
LATER = ("plays", "segments", "scenarios", "accounts")


@dataclass
class Bundle:
    """Documents by kind and key, as they stand in the files, and what is wrong with them."""

    documents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    places: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.documents.get(kind, {})


def read_files(paths: Sequence[Path]) -> Bundle:
    """Read one or more files as one bundle. Mistakes are in `problems`, nothing is raised."""
    bundle = Bundle()
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            bundle.problems.append(Problem("", error.strerror or str(error), 0, str(path)))
            continue
        except UnicodeDecodeError:
            bundle.problems.append(Problem("", _("the file is not UTF-8"), 0, str(path)))
            continue
        _read_text(text, str(path), bundle)
    return bundle


def _read_text(text: str, file: str, bundle: Bundle) -> None:
    try:
        found = read(text)
    except BadYaml as error:
        bundle.problems.append(Problem(error.path, str(error), error.line, file))
        return
    _doc, problems = read_shape(BundleDoc, found.data)
    for key in LATER:
        if isinstance(found.data, dict) and found.data.get(key):
            problems.append(Problem(key, _("“%s” is not available yet") % key))
    if not problems:
        _collect(found, file, bundle)
        problems = _checks(found.data)
    bundle.problems += [replace(p, file=file, line=found.line_of(p.path)) for p in problems]


def _collect(found: Read, file: str, bundle: Bundle) -> None:
    for kind in KINDS:
        for index, document in enumerate(found.data.get(kind) or ()):
            path = f"{kind}[{index}]"
            key = document["key"]
            if key in bundle.of(kind):
                message = _("the key “%s” stands twice") % key
                bundle.problems.append(Problem(path, message, found.line_of(path), file))
            bundle.documents.setdefault(kind, {})[key] = document
            bundle.places[(kind, key)] = (file, found.line_of(path))


def _checks(data: dict[str, Any]) -> list[Problem]:
    """What each document's own room says of it."""
    problems: list[Problem] = []
    for n, document in enumerate(data.get("templates") or ()):
        problems += check_template(document, f"templates[{n}]")
    for n, document in enumerate(data.get("lifecycles") or ()):
        problems += check_lifecycle(document, f"lifecycles[{n}]")
    for n, document in enumerate(data.get("journeys") or ()):
        named = check_journey(document, f"journeys[{n}]")
        # Templates of the same bundle are published before its journeys.
        here = {t["key"] for t in data.get("templates") or ()}
        problems += [p for p in named if p.missing not in here]
    return problems
