"""Reading bundle files: YAML → documents, with file, line and path of every mistake of shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from journeys.bundle.shapes import BundleDoc
from journeys.publishing import Problem, read_shape
from journeys.yaml12 import BadYaml, Read, read

#: In the order in which they must exist; each noun may refer to those before it.
KINDS = (
    "products", "calendars", "topics", "personas", "templates", "plays", "segments", "lifecycles",
    "journeys", "scenarios", "accounts",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a document stands: its file, its path there (`journeys[0]`), and the file's lines."""

    file: str
    path: str
    read: Read


@dataclass
class Bundle:
    """Documents by kind and key, as they stand in the files, and what is wrong with them."""

    documents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.documents.get(kind, {})

    def placed(self, kind: str, key: str, problem: Problem) -> Problem:
        """A problem of one document, with file, line and the path in that file."""
        place = self.places[kind, key]
        dot = "." if problem.path and not problem.path.startswith("[") else ""
        path = f"{place.path}{dot}{problem.path}"
        return replace(problem, path=path, file=place.file, line=place.read.line_of(path))


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
    if not problems:
        _collect(found, file, bundle)
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
            bundle.places[kind, key] = Place(file, path, found)
