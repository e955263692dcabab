"""What the demo's world is read from: the starter folder, its people, and its file of facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from journeys.yaml12 import read

HERE = Path(__file__).resolve().parent
STARTER = HERE.parent / "starter" / "shimebi"
SOURCE = "demo"
KEY_FILE = "write_key"
OPENING = "09:30"


@dataclass(frozen=True)
class World:
    """`calls` in time order, each with an aware `at`; `today` begins at 09:30 at the doors."""

    today: date
    calls: list[dict[str, Any]]
    staff: list[dict[str, Any]]
    courses: list[dict[str, Any]]
    articles: list[dict[str, Any]]
    site: dict[str, Any]
    bundle: Path

    @property
    def opens_at(self) -> datetime:
        """The moment at which the demo is handed to its visitor."""
        tz = ZoneInfo(settings.TIME_ZONE)
        return datetime.fromisoformat(f"{self.today}T{OPENING}").replace(tzinfo=tz)


def _yaml(path: Path) -> Any:
    return read(path.read_text(encoding="utf-8")).data


def load() -> World:
    """Read the world from its files."""
    facts = _yaml(HERE / "facts.yaml")
    calls = [call | {"at": datetime.fromisoformat(call["at"])} for call in facts["calls"]]
    files = sorted((STARTER / "content").glob("*.yaml"))
    return World(
        today=date.fromisoformat(facts["today"]),
        calls=sorted(calls, key=lambda call: call["at"]),
        staff=_yaml(HERE / "people.yaml")["staff"],
        courses=[_yaml(f) for f in files if f.stem != "articles"],
        articles=_yaml(STARTER / "content" / "articles.yaml")["articles"],
        site=_yaml(STARTER / "site.yaml"),
        bundle=STARTER / "bundle.yaml",
    )


def write_key() -> str:
    """The key with which the sample product's page sends its facts; empty before the seed."""
    file = Path(settings.VAR_DIR) / KEY_FILE
    return file.read_text().strip() if file.exists() else ""
