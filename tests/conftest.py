"""What every test shares: the fixed moment, the browser, and the list of what was left out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from config import catalogues
from tests import migrated

NOW = datetime(2026, 5, 11, 1, 0, tzinfo=UTC)
LEFT_OUT = "left out, needs "


def chromium() -> str | None:
    """Path of a Chromium on this machine; browsers are never downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def on_postgres() -> bool:
    return os.environ.get("DATABASE_URL", "").startswith(("postgres", "psql", "pgsql"))


# mark -> (what is needed, is it here?)
NEEDS: dict[str, tuple[str, Callable[[], object]]] = {
    "browser": ("Chromium", chromium),
    "postgres": ("DATABASE_URL naming PostgreSQL", on_postgres),
    "embedded": (
        "no DATABASE_URL: the demo ignores it, one run is enough",
        lambda: not on_postgres(),
    ),
    "redis": ("REDIS_URL", lambda: os.environ.get("REDIS_URL")),
    "node": ("node", lambda: shutil.which("node")),
}


def pytest_configure(config: pytest.Config) -> None:
    """Japanese texts come from compiled catalogues, which are not kept in git."""
    catalogues.compile_stale()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot run; the summary names it."""
    missing = {mark: need for mark, (need, here) in NEEDS.items() if not here()}
    for item in items:
        for mark in missing.keys() & {marker.name for marker in item.iter_markers()}:
            item.add_marker(pytest.mark.skip(reason=LEFT_OUT + missing[mark]))
    if any(item.get_closest_marker("browser") for item in items):
        # Playwright's sync API keeps an event loop in the tests' thread, where Django's ORM
        # would refuse to work.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name every test that was left out: silence would read as success."""
    lines = sorted(
        f"{report.nodeid}: {report.longrepr[2].partition(LEFT_OUT)[2]}"
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and LEFT_OUT in report.longrepr[2]
    )
    if lines:
        terminalreporter.section("left out on this machine (test: what it needs)")
        for line in lines:
            terminalreporter.line(line)


def _delete_all(style: Any, tables: Sequence[str], **_options: Any) -> list[str]:
    """DELETE of few rows instead of TRUNCATE of 160 tables, which costs PostgreSQL seconds.

    In any order: Django's foreign keys are checked when the transaction ends.
    """
    kept = {"django_content_type", "auth_permission"}  # they would be made again, the same ones
    wanted = [table for table in tables if table not in kept]
    return ["; ".join(f'DELETE FROM "{table}"' for table in wanted)]  # noqa: S608 -- names of ours


@pytest.fixture(scope="session", autouse=True)
def _empty_quickly() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if on_postgres():
            patch.setattr(connection.ops, "sql_flush", _delete_all)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: Any) -> Iterator[bool]:
    """Whether the run begins with a kept database."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        yield migrated.wanted() and migrated.begin_with_kept(patch)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_modify_db_settings: bool, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """Whoever still holds the tests' database when all is done is sent away, or it stays behind."""
    if migrated.wanted() and not django_db_modify_db_settings:
        with django_db_blocker.unblock():
            migrated.keep()
    yield
    if on_postgres():
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def _in_the_sites_language() -> Iterator[None]:
    """A request leaves its reader's language active in the thread; the next test must not see it."""
    with translation.override("ja"):
        yield


@pytest.fixture
def now() -> datetime:
    """Monday 2026-05-11 10:00 in Tokyo: the first working day after Golden Week."""
    return NOW


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: Mapping[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; a root user in a container has no sandbox."""
    return {
        **browser_type_launch_args,
        "executable_path": chromium(),
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    }
