"""The first walk: one customer, on a phone, all the way, against the running demo.

AC1, Okano of Minato Seika, from her first letter to the letter that is not needed any more; then
what CS-ops and marketing see of it (C1, C2, O8, K1).
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.running import environment, free_port, manage, running

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "locale": "ja-JP",
    "has_touch": True,
    "is_mobile": True,
}
DAY = "2026-05-11"  # her contract day
PATIENCE = 90  # seconds: a tick comes within a minute (R65), and machines are slow
SHOTS = os.environ.get("WALK_SHOTS")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """`manage.py demo`, as `make demo` starts it."""
    port = free_port()
    env = environment(tmp_path)
    with running("demo", "--day", DAY, port=port, env=env, log=tmp_path / "demo.log") as base:
        yield base


@pytest.fixture
def dev_on_postgres(tmp_path: Path) -> Iterator[str]:
    """`manage.py dev` on a PostgreSQL database that the same command has filled."""
    name, port = f"junro_walk_{os.getpid()}", free_port()
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    psql = ["psql", "-q", f"{server}/postgres", "-c"]
    subprocess.run([*psql, f"CREATE DATABASE {name}"], check=True)
    env = environment(
        tmp_path, DATABASE_URL=f"{server}/{name}", BASE_URL=f"http://localhost:{port}"
    )
    try:
        manage("seed_demo", "--day", DAY, env=env)
        with running("dev", "--no-reload", port=port, env=env, log=tmp_path / "dev.log") as base:
            yield base
    finally:
        subprocess.run([*psql, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"], check=True)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.embedded
def test_one_customer_all_the_way_on_the_demo(demo: str, browser: Browser) -> None:
    walk(demo, browser)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.postgres
def test_one_customer_all_the_way_on_dev_with_postgres(
    dev_on_postgres: str, browser: Browser
) -> None:
    walk(dev_on_postgres, browser)


def walk(base: str, browser: Browser) -> None:
    phone = browser.new_context(**PHONE)
    page = phone.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("response", lambda r: troubles.append(r.url) if r.status >= 500 else None)
    letter_arrives(page, base)
    link = her_link(page)
    scanner_changes_nothing(phone, link)
    she_opens_it(page, link)
    home_shows_one_sign(page, base)
    she_sets_her_goal(page, base)
    she_signs_in_and_invites(page, base)
    she_reads_the_lesson(page, base)
    she_does_it_in_the_product(page, base)
    the_next_letter_is_skipped(page, base)
    ops_see_why(browser, base)
    marketing_sees_that_it_counted(browser, base)
    assert troubles == []


def shot(page: Page, name: str) -> None:
    """Keep a picture of the whole screen where WALK_SHOTS names a folder."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def until(page: Page, url: str, text: str | re.Pattern[str]) -> None:
    """Look at a page again and again until it says so."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page.goto(url)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(1000)
    raise AssertionError(f"{url} does not say “{text}”:\n{page.inner_text('main')}")


def on_to_the_next_slot(page: Page, base: str) -> None:
    page.goto(f"{base}/dev/")
    page.get_by_role("button", name="次の配信時刻へ進む").click()


def letter_arrives(page: Page, base: str) -> None:
    """M01 leaves at 10:00 of a business day, with legal footer and stop link (R30, R47)."""
    on_to_the_next_slot(page, base)
    until(page, f"{base}/dev/mail/", "okano@minato.example")
    shot(page, "01-mail")
    page.get_by_role("link").filter(has_text="okano@minato.example").first.click()
    expect(page.locator("main")).to_contain_text(re.compile(r"5月11日.*10:0\d"))
    twin = page.locator("pre")
    expect(twin.first).to_contain_text("岡野 里美 様")
    expect(twin.first).to_contain_text("配信停止ができます")
    expect(twin.first).to_contain_text("株式会社シメビワークス")
    expect(page.locator("details").filter(has_text="List-Unsubscribe-Post")).to_have_count(1)
    shot(page, "02-letter")


def her_link(page: Page) -> str:
    """Where the letter's one button leads."""
    letter = page.frame_locator("iframe").first
    address = letter.get_by_role("link", name=re.compile("成功指標を登録")).get_attribute("href")
    assert address
    return address


def scanner_changes_nothing(phone: BrowserContext, link: str) -> None:
    """A mail scanner looks first, twice; that opens and uses up nothing (I25)."""
    for _look in range(2):
        assert phone.request.get(link).status == 200
        assert phone.request.head(link).status == 200


def she_opens_it(page: Page, link: str) -> None:
    """One button, no password."""
    page.goto(link)
    expect(page.locator("main")).to_contain_text("岡野 里美")
    expect(page.locator("main")).to_contain_text("72時間")
    shot(page, "03-open")
    page.get_by_role("button", name=re.compile("^開く")).click()
    page.wait_for_url("**/goal/")
    shot(page, "04-goal")


def home_shows_one_sign(page: Page, base: str) -> None:
    """C1: the single first thing, its deadline, and the person to ask."""
    until(page, base, "2つの数を入れる")  # nudge N1 follows the letter at the next tick
    assert page.locator(".j-sign").count() == 1
    sign = page.locator(".j-sign")
    expect(sign).to_contain_text("成功指標を登録")
    expect(sign).to_contain_text("5月18日（月）まで")
    expect(sign).to_contain_text("あと5営業日")
    expect(page.locator("main")).to_contain_text("滝本 航")
    expect(page.locator("[data-nudge]")).to_have_count(1)
    shot(page, "05-home")


def she_sets_her_goal(page: Page, base: str) -> None:
    """8 days today, 5 wanted: the criterion is ticked and nudge N1 is gone, at once."""
    page.goto(f"{base}/goal/")
    page.locator("input[name=baseline]").fill("8")
    page.locator("input[name=target]").fill("5")
    page.get_by_role("button", name="8日 → 5日 で登録する").click()
    expect(page.locator("main")).to_contain_text("8日 → 5日")
    shot(page, "06-goal-done")
    page.goto(base)
    expect(page.locator("main li").filter(has_text="成功指標を登録").first).to_contain_text("完了")
    expect(page.locator("[data-nudge]")).to_have_count(0)


def she_signs_in_and_invites(page: Page, base: str) -> None:
    """Real facts from the product; 準備 is left within a minute, with its evidence (R6, R65)."""
    page.goto(f"{base}/dev/product/")
    page.get_by_role("button", name="シメビにログインする").click()
    expect(page.locator("#said")).to_contain_text("送りました：シメビにログイン")
    page.get_by_role("button", name="3名を招待する").click()
    expect(page.locator("#said")).to_contain_text("送りました：3名を招待する")
    shot(page, "07-product")
    until(page, base, "初期設定の進みぐあい")
    shot(page, "08-setup")
    page.goto(f"{base}/roadmap/")
    shot(page, "09-roadmap")


def she_reads_the_lesson(page: Page, base: str) -> None:
    """Four minutes of reading, honestly noticed; nothing to press."""
    page.goto(f"{base}/courses/")
    page.get_by_role("link").filter(has_text="管理者の初期設定").first.click()
    shot(page, "10-course")
    page.get_by_role("link").filter(has_text="承認ルートは2段から").first.click()
    shot(page, "11-lesson")
    read_to_the_end(page)
    shot(page, "12-lesson-done")


def read_to_the_end(page: Page) -> None:
    """Scroll as a reader does until the page says that the lesson is finished."""
    done = page.get_by_text("修了しました")
    for pause in range(PATIENCE):
        if done.is_visible():
            return
        page.mouse.wheel(0, 240 if pause % 12 < 9 else -1600)
        page.wait_for_timeout(1000)
    expect(done).to_be_visible()


def she_does_it_in_the_product(page: Page, base: str) -> None:
    """C2: one `track` call, deliverable.changed."""
    page.goto(f"{base}/dev/product/approval-route/")
    row = page.get_by_role("listitem").filter(has_text="承認ルート表")
    row.get_by_role("button", name=re.compile("確定する")).click()
    expect(row).to_contain_text("確定済み")


def the_next_letter_is_skipped(page: Page, base: str) -> None:
    """M03 was planned for a later slot; when that comes, nothing leaves."""
    on_to_the_next_slot(page, base)
    page.wait_for_timeout(8000)
    page.goto(f"{base}/dev/mail/")
    hers = page.get_by_role("link").filter(has_text="okano@minato.example")
    expect(hers).to_have_count(1)


def come_in(browser: Browser, base: str, who: str, **size: Any) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP", **size)
    page = context.new_page()
    page.goto(f"{base}/dev/")
    page.get_by_role("button", name=re.compile(who)).click()
    return page


def ops_see_why(browser: Browser, base: str) -> None:
    """O8: the ledger says 実施済み, with what was found."""
    page = come_in(browser, base, "川原")
    ledger = f"{base}/admin/journeys/message/?q=okano"
    until(page, ledger, "実施済み")
    shot(page, "13-ledger")
    page.get_by_role("row").filter(has_text="実施済み").get_by_role("link").first.click()
    expect(page.locator("body")).to_contain_text("実施済み")
    expect(page.locator("body")).to_contain_text("deliverable.approval_route")
    shot(page, "14-message")


def marketing_sees_that_it_counted(browser: Browser, base: str) -> None:
    """K1: the view, the completion and the next action of this lesson count."""
    page = come_in(browser, base, "三宅")
    page.wait_for_url("**/admin/engagement/**")
    row = page.get_by_role("row").filter(has_text="承認ルートは2段から").first
    expect(row).to_be_visible()
    shot(page, "15-engagement")
    numbers = [int(n) for n in re.findall(r"\d+", row.inner_text().replace("2段", ""))]
    assert len([n for n in numbers if n >= 1]) >= 4, row.inner_text()
