"""Targets by name: what authors may write, and where it leads (R50)."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.channels import CHANNELS
from journeys.messages import targets
from journeys.messages.liquid import BadTemplate
from journeys.models import Channel
from journeys.steps.planning import SET_UP


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_resolvers", {})
    monkeypatch.setattr(targets, "_visible", {})


@pytest.mark.parametrize(
    "target", ["home", "goal", "roadmap", "lesson:two-steps", "product:/members"]
)
def test_an_author_may_name_a_place(target: str) -> None:
    targets.check(target)


def test_an_author_may_name_an_allowed_https_address(settings: Any) -> None:
    settings.BASE_URL, settings.LINK_HOSTS = "https://learn.example", ["docs.example"]

    targets.check("https://learn.example/a")
    targets.check("https://docs.example/b?c=d")


@pytest.mark.parametrize(
    "target",
    ["", "lesson", "lesson:", "page:x", "https://evil.example/", "http://learn.example/",
     "https://learn.example@evil.example/", "javascript:alert(1)", "//evil.example", "/path"],
)  # fmt: skip
def test_anything_else_is_refused(target: str, settings: Any) -> None:
    settings.BASE_URL = "https://learn.example"

    with pytest.raises(BadTemplate):
        targets.check(target)


@pytest.mark.parametrize("url", ["//evil.example", "/\\evil.example", "javascript:x", None, "",
                                 "https://evil.example/"])  # fmt: skip
def test_a_resolver_that_leads_astray_leads_home(url: str | None) -> None:
    targets.register_target("lesson", lambda _slug: url)

    assert targets.resolve("lesson:x") == "/"


def test_a_page_is_hidden_from_those_its_room_does_not_name() -> None:
    targets.register_target("lesson", lambda slug: f"/{slug}", lambda _slug, ids: {min(ids)})

    assert targets.hidden("lesson:x", [1, 2, 3]) == {2, 3}
    assert targets.hidden("goal", [1, 2, 3]) == set()
    with pytest.raises(ValueError, match="page"):
        targets.register_target("page", lambda _rest: "/")


def test_every_channel_that_is_set_up_has_its_module() -> None:
    assert set(CHANNELS) == SET_UP
    assert set(Channel.values) >= SET_UP
