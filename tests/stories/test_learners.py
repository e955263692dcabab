"""200 real learners through the HTTP API: stages and matches as computed without this project.

Data: Open University Learning Analytics Dataset (CC BY 4.0), see tests/data/oulad/README.md.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import bundle, engine
from journeys.models import Subscription
from tests.cast import DATA
from tests.stories.loading import load_calls

pytestmark = pytest.mark.django_db
EXPECTED = json.loads((DATA / "oulad" / "expected.json").read_text())
LAST = "2013-10-07T23:00:00Z"
MATCHES = EXPECTED[f"matches_as_of_{LAST}"]
FORUM = {"event": {"name": "resource.viewed", "where": {"activity": "forumng"}, "by": "self"}}
CONDITIONS: dict[str, Any] = {
    "viewed_forum_2_within_3d": {
        "event": {
            "name": "resource.viewed",
            "where": {"activity": "forumng"},
            "count": {"gte": 2},
            "within": "3d",
        }
    },
    "never_viewed": {"event": {"name": "resource.viewed", "count": {"eq": 0}}},
    "clicks_over_20_once": {"event": {"name": "resource.viewed", "where": {"clicks": {"gt": 20}}}},
    "three_days_no_forum": {
        "all": [
            {"event": {"name": "resource.viewed", "count": {"gte": 3}, "distinct": "day@UTC"}},
            {"not": FORUM},
        ]
    },
    "a_level_and_30_views": {
        "all": [
            {"trait": {"of": "contact", "name": "education", "eq": "A Level or Equivalent"}},
            {"event": {"name": "resource.viewed", "count": {"gte": 30}}},
        ]
    },
    "not_he_or_quiet": {
        "any": [
            {"trait": {"of": "contact", "name": "education", "ne": "HE Qualification"}},
            {
                "event": {
                    "name": "resource.viewed",
                    "count": {"lte": 1},
                    "distinct": "day@UTC",
                }
            },
        ]
    },
}
REGION = {
    "people": {
        "who": {
            "event": {
                "name": "resource.viewed",
                "where": {"activity": "oucontent"},
                "count": {"gte": 10},
                "by": "self",
            }
        },
        "share": 0.6,
    }
}


def evaluate(condition: Any, tmp_path: Path, *args: str) -> dict[str, Any]:
    """What `manage.py evaluate` answers."""
    file, out = tmp_path / "condition.json", io.StringIO()
    file.write_text(json.dumps(condition))
    call_command("evaluate", str(file), "--format", "json", *args, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_learners_stand_in_the_stages_an_honest_engine_puts_them_in(client: Any) -> None:
    bundle.apply(
        bundle.read_files([DATA / "learners.yaml"]), datetime.fromisoformat("2013-03-01T00:00:00Z")
    )
    load_calls(client, DATA / "oulad" / "calls.jsonl")
    day, found = datetime.fromisoformat("2013-09-24T23:00:00Z"), {}

    while day <= datetime.fromisoformat(LAST):
        engine.tick(day)
        if (name := day.strftime("%Y-%m-%dT%H:%M:%SZ")) in EXPECTED["as_of"]:
            found[name] = Counter(Subscription.objects.values_list("stage__key", flat=True))
        day += timedelta(days=1)

    assert found == EXPECTED["as_of"]


def test_the_learners_match_the_six_conditions_they_should(client: Any, tmp_path: Path) -> None:
    load_calls(client, DATA / "oulad" / "calls.jsonl")

    for name, condition in CONDITIONS.items():
        answer = evaluate(condition, tmp_path, "--subject", "contact", "--as-of", LAST)
        assert (name, answer["matches"]) == (name, MATCHES[name])
        assert answer["of"] == EXPECTED["learners"]


def test_the_regions_where_sixty_percent_read_ten_pages(client: Any, tmp_path: Path) -> None:
    load_calls(client, DATA / "oulad" / "by_region.jsonl")
    expected = EXPECTED["regions_where_60_percent_viewed_10_oucontent"]

    with CaptureQueriesContext(connection) as seen:
        answer = evaluate(REGION, tmp_path, "--as-of", LAST)

    assert answer["matches"] == sorted(region for region, yes in expected.items() if yes)
    assert answer["of"] == len(expected)
    assert len(seen) < 12
