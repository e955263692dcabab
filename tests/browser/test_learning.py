"""The learning site in a real browser: reading that is noticed, on a phone, for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import BrowserContext, Page, expect

from journeys import engine
from journeys.models import Contact
from learning.models import Progress, ViewSession
from tests import cast
from tests.browser.conftest import Traffic
from tests.learning.world import article, course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LESSON = "/courses/basics/basics-1/"
PHONE = {"width": 360, "height": 5000}  # as narrow as phones get; all of a page at once


@pytest.fixture
def anna(transactional_db: None) -> Contact:
    now = datetime.now(UTC) - timedelta(hours=1)
    cast.open_vendor(now)
    contact = cast.customer("anna", now)
    engine.tick(now)
    course(lessons=2)
    article("e-102", stages=["begin"])
    return contact


@pytest.fixture
def visit(
    anna: Contact, context: BrowserContext, live_server: Any, traffic: Traffic
) -> Iterator[Callable[[str], Page]]:
    """Opens a path as a guest who came by a link."""
    session = SessionStore()
    until = datetime.now(UTC) + timedelta(hours=72)
    session["visit"] = {"contact": str(anna.uid), "until": until.isoformat(), "scope": "guest"}
    session.create()
    cookie: Any = {"name": "sessionid", "value": session.session_key, "url": live_server.url}
    context.add_cookies([cookie])

    def open_path(path: str) -> Page:
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield open_path
    context.close()
    traffic.wait_for_rest()


def read_on(page: Page, seconds: int) -> None:
    for _ in range(seconds):
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(1000)


def test_a_lesson_that_is_read_is_ticked_without_a_reload(visit):
    page = visit(LESSON)
    expect(page.locator("#j-left")).to_contain_text("修了まで、あと")

    read_on(page, 9)

    expect(page.locator("#j-left [data-done]")).to_be_visible(timeout=9000)
    expect(page.locator("#j-course-line")).to_contain_text("1／2")
    expect(page.locator("[data-lesson-here]")).to_have_class("is-done")
    assert Progress.objects.get().state == "completed"


def test_a_tab_that_nobody_looks_at_is_not_read(visit, context):
    context.add_init_script(
        "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})"
    )
    page = visit(LESSON)

    page.wait_for_timeout(3000)
    page.close()

    assert ViewSession.objects.count() == 0


def test_what_was_read_when_the_page_closes_is_not_lost(visit):
    page = visit(LESSON)
    read_on(page, 3)
    page.goto("about:blank")
    page.wait_for_timeout(500)

    assert ViewSession.objects.get().active_ms >= 2000


def test_what_was_read_without_a_network_arrives_with_the_next_page(visit, context):
    page = visit(LESSON)
    context.set_offline(True)
    read_on(page, 3)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert ViewSession.objects.count() == 0
    context.set_offline(False)

    other = visit("/articles/e-102/")
    other.wait_for_timeout(1500)

    assert ViewSession.objects.filter(kind="lesson").get().active_ms >= 2000


def test_the_goal_says_what_it_will_register(visit):
    page = visit("/goal/")
    page.get_by_label("いま").fill("８")
    page.get_by_label("目標", exact=True).fill("5")

    expect(page.locator("[data-submit]")).to_have_text("8 → 5 で登録する")
    expect(page.locator("[data-difference]")).to_have_text("3減らす")


PATHS = ("/", "/roadmap/", "/goal/", "/ask/", "/courses/", "/courses/basics/", LESSON, "/articles/",
         "/articles/e-102/", "/accounts/login/", "/nowhere/")  # fmt: skip


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_small_phone(
    visit, context, live_server, language, scheme
):
    """WCAG 2.2 AA by axe, no scrolling sideways at 360 px, both languages, light and dark."""
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    found: list[str] = []
    for path in PATHS:
        page = visit(path)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(PHONE)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{path} is {wide} px too wide"] if wide > 0 else []
        result = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        found += [
            f"{path}: {one['id']} {one['nodes'][0]['html']}"
            for one in result.response["violations"]
        ]
        page.close()

    assert found == []
