"""What was said about whom: the words all rooms above use to tell people's news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    IDENTIFY = "identify"
    GROUP = "group"
    ALIAS = "alias"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Call:
    """One statement about somebody. `at` is aware UTC; `account` is an account's external id."""

    kind: Kind
    at: datetime
    user_id: str = ""
    account: str = ""
    traits: Mapping[str, Any] = field(default_factory=dict)
    previous_id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a call that was left out, while the rest of the call stands."""

    code: str
    field: str
    message: str
