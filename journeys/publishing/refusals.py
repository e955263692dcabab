"""What is wrong with a document: a path, and a sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ValidationError


@dataclass(frozen=True)
class Problem:
    """One mistake: `path` like `stages[0].exit.criteria[2].when.event.name`, a sentence, a file.

    `missing` is the key of a noun that is named but not published.
    """

    path: str
    message: str
    line: int = 0
    file: str = ""
    missing: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line} " if self.file else ""
        return f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"


class PublishRefused(ValueError):
    """The document was not published; nothing changed. `problems` names each mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


#: Pydantic's own findings, in the author's language.
WRONG: dict[str, Any] = {
    "string_type": gettext_lazy("must be text"),
    "int_type": gettext_lazy("must be a whole number"),
    "int_from_float": gettext_lazy("must be a whole number"),
    "int_parsing": gettext_lazy("must be a whole number"),
    "float_type": gettext_lazy("must be a number"),
    "float_parsing": gettext_lazy("must be a number"),
    "bool_type": gettext_lazy("must be true or false"),
    "list_type": gettext_lazy("must be a list"),
    "dict_type": gettext_lazy("must be a mapping"),
    "model_type": gettext_lazy("must be a mapping"),
    "literal_error": gettext_lazy("must be one of: %(expected)s"),
    "string_pattern_mismatch": gettext_lazy("is not written as it must be: %(pattern)s"),
    "greater_than_equal": gettext_lazy("must be at least %(ge)s"),
    "less_than": gettext_lazy("must be less than %(lt)s"),
    "too_short": gettext_lazy("needs at least %(min_length)s"),
}


def dotted(parts: tuple[str | int, ...], prefix: str = "") -> str:
    """("stages", 0, "exit") → `stages[0].exit`. Pydantic's union tags are left out."""
    path = prefix
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.isidentifier() or "-" in part:
            path += f".{part}" if path else part
    return path


def read_shape(shape: type[BaseModel], data: Any, prefix: str = "") -> tuple[Any, list[Problem]]:
    """Validate `data`; the typed document (or None) and the problems found."""
    try:
        return shape.model_validate(data), []
    except ValidationError as error:
        return None, [_problem(e, shape, prefix) for e in error.errors()]


def _problem(error: Any, shape: type[BaseModel], prefix: str) -> Problem:
    path = dotted(tuple(error["loc"]), prefix)
    kind = error["type"]
    if kind == "extra_forbidden":
        allowed = ", ".join(_allowed(shape, tuple(error["loc"][:-1])))
        return Problem(path, _("unknown key; allowed here: %(allowed)s") % {"allowed": allowed})
    if kind == "missing":
        return Problem(path, _("is required"))
    if kind in WRONG:
        return Problem(path, str(WRONG[kind]) % error.get("ctx", {}))
    return Problem(path, str(error["msg"]).removeprefix("Value error, "))


def _allowed(shape: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand at a place of the shape."""
    current: Any = shape
    for part in loc:
        if isinstance(part, int):
            continue
        field = next((f for n, f in current.model_fields.items() if part in (n, f.alias)), None)
        found = _model_in(field.annotation) if field else None
        current = found or current
    return sorted(f.alias or n for n, f in current.model_fields.items())


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _model_in(inner):
            return found
    return None
