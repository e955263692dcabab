"""What is refused in a condition: where it stands, what is wrong, what would be allowed."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _


class ConditionError(Exception):
    """A condition that cannot be taken.

    `message` is a sentence in the active language, `path` says where (`all[1].event.count.gt`),
    `allowed` lists the words that would fit there, `code` is for programs.
    """

    def __init__(
        self, message: str, path: str = "", allowed: Iterable[str] = (), code: str = "invalid"
    ) -> None:
        self.path, self.allowed, self.code = path, tuple(allowed), code
        words = ", ".join(self.allowed)
        self.message = _("%(message)s Allowed here: %(words)s.") % {
            "message": message, "words": words,
        } if words else message  # fmt: skip
        super().__init__(self.message)

    @property
    def field(self) -> str:
        """The path, under the name that error answers use."""
        return self.path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message
