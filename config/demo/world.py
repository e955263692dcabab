"""What the demo's world is read from: the starter folder, its people, stories and the crowd."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from config.demo.crowd import Customer
from config.demo.telling import spread
from journeys.yaml12 import read

HERE = Path(__file__).resolve().parent
STARTER = HERE.parent / "starter" / "shimebi"
SOURCE = "demo"
KEY_FILE = "write_key"
OPENING = "09:30"
#: The demo's day: all its pictures are of this Wednesday.
TODAY = date(2026, 7, 8)


@dataclass(frozen=True)
class World:
    """`calls` in time order, each with an aware `at`; `today` begins at 09:30 at the doors."""

    today: date
    calls: list[dict[str, Any]]
    staff: list[dict[str, Any]]
    courses: list[dict[str, Any]]
    articles: list[dict[str, Any]]
    site: dict[str, Any]
    bundle: list[Path]

    @property
    def opens_at(self) -> datetime:
        """The moment at which the demo is handed to its visitor."""
        return opening(self.today)


def opening(day: date) -> datetime:
    """Half past nine of a day, where the installation is."""
    tz = ZoneInfo(settings.TIME_ZONE)
    return datetime.fromisoformat(f"{day}T{OPENING}").replace(tzinfo=tz)


def _yaml(path: Path) -> Any:
    return read(path.read_text(encoding="utf-8")).data


def story(path: Path) -> list[dict[str, Any]]:
    """The calls of one story, short lines spelled out, in time order.

    The first line of a story may name what every line of it has (`all`).
    """
    told = _yaml(path)
    tz = ZoneInfo(settings.TIME_ZONE)
    lines = []
    for line in told["calls"]:
        whole = told.get("all", {}) | line
        for name in ("at", "until"):
            if name in whole:
                whole[name] = datetime.fromisoformat(whole[name]).replace(tzinfo=tz)
        lines += list(spread(whole))
    return in_time(lines)


def crowd(today: date) -> list[dict[str, Any]]:
    """The calls of the generated customers before the doors open."""
    opens = opening(today)
    lines = _yaml(HERE / "crowd.yaml")["customers"]
    calls = [call for line in lines for call in Customer(line, opening(TODAY)).calls()]
    return in_time(one for call in calls for one in spread(call) if one["at"] < opens)


def in_time(calls: Any) -> list[dict[str, Any]]:
    """By their moment; a company is told of before its people, they before what they do."""
    order = {"group": 0, "identify": 1}
    return sorted(calls, key=lambda call: (call["at"], order.get(call["type"], 2)))


def load(today: date = TODAY) -> World:
    """Read the world as it is on a day: what happens later is not told."""
    files = sorted((STARTER / "content").glob("*.yaml"))
    told = [call for path in sorted((HERE / "stories").glob("*.yaml")) for call in story(path)]
    opens = opening(today)
    return World(
        today=today,
        calls=in_time([*(call for call in told if call["at"] < opens), *crowd(today)]),
        staff=_yaml(HERE / "people.yaml")["staff"],
        courses=[_yaml(f) for f in files if f.stem != "articles"],
        articles=_yaml(STARTER / "content" / "articles.yaml")["articles"],
        site=_yaml(STARTER / "site.yaml"),
        bundle=sorted((STARTER / "bundle").glob("*.yaml")),
    )


def write_key() -> str:
    """The key with which the sample product's page sends its facts; empty before the seed."""
    file = Path(settings.VAR_DIR) / KEY_FILE
    return file.read_text().strip() if file.exists() else ""
