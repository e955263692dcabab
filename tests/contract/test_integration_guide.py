"""The integration guide's snippets are true: they are run as they stand, in their order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from journeys.api.keys import make_key
from journeys.models import Event
from tests import cast

GUIDE = Path(__file__).parents[2] / "docs" / "integration.md"


@pytest.mark.django_db(transaction=True)
def test_the_guides_snippets_run(live_server: Any) -> None:
    cast.open_vendor()
    snippets = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    told = {"BASE": live_server.url, "KEY": make_key("guide", cast.CONTRACT_DAY)}

    for snippet in snippets:
        exec(compile(snippet, str(GUIDE), "exec"), told)  # noqa: S102 -- our own paper

    assert len(snippets) == 3
    assert list(Event.objects.values_list("name", flat=True)) == ["deliverable.changed"]
