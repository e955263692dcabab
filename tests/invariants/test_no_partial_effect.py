"""I40: no answer of 500 or more leaves a partial effect; no traceback or SQL reaches a client.

Each door is knocked at again and again, and breaks at its first statement, its second, and so on,
until it passes: what it had done by then is undone each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from content.loading import load_site
from journeys import clock, engine
from journeys.messages import delivery, links
from journeys.models import Message
from learning import progress
from tests import cast
from tests.doors import Door, call
from tests.journeys.admin.conftest import staff
from tests.learning.world import NOW, blocks_of, course, doors_at, guest, lesson

pytestmark = pytest.mark.django_db
SECRET = 'SELECT "password" FROM "journeys_user" -- Traceback'
OURS = ("journeys", "learning", "content")
#: What a transaction itself says is no work of a view.
CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
#: Kept by a middleware, after the view: whoever loses a cookie is asked again.
FRAME = '"django_session"'
Knock = Callable[[], Any]


# --- doors ----------------------------------------------------------------------------------------
def of_the_events_door() -> Knock:
    door = Door(Client(raise_request_exception=False))
    calls = [
        call(), call("identify", traits={"email": "u1@acme.example", "name": "一", "plan": "pro"}),
        call("group", groupId="acme", traits={"name": "acme", "subscriptions": []}),
    ]  # fmt: skip
    return lambda: door.post("/v1/batch", {"batch": calls})


def customer() -> Client:
    cast.open_vendor()
    load_site(
        {"goal_metric": "締めの日数", "goal_unit": "日", "goal_question": "何日かかりますか"},
        now=NOW,
    )
    anna = cast.customer("anna")
    engine.tick(NOW)
    client = guest(anna)
    client.raise_request_exception = False
    client.anna = anna  # type: ignore[attr-defined]
    return client


def of_the_goal() -> Knock:
    client = customer()
    return lambda: client.post("/goal/", {"baseline": "8", "target": "5", "target_on": ""})


def of_a_lesson_read_through() -> Knock:
    client = customer()
    course()
    page = lesson("basics-1")
    ticket = progress.issue(
        kind="lesson", page_id=page.pk, contact_id=client.anna.pk, is_staff=False, now=NOW  # type: ignore[attr-defined]
    )  # fmt: skip
    body = {"ticket": ticket, "active_ms": 60_000, "open_ms": 60_000, "blocks": blocks_of(page)}
    return lambda: client.post("/v1/progress", json.dumps(body), content_type="text/plain")


def of_a_nudge_dismissed() -> Knock:
    client = customer()
    for now in (cast.SLOT, cast.SLOT):
        engine.tick(now)
        delivery.send_due(now)
    nudge = Message.objects.get(step_id="hint")
    client.post(reverse("learning:nudge", args=[nudge.uid, "shown"]))
    return lambda: client.post(reverse("learning:nudge", args=[nudge.uid, "dismissed"]))


def letter() -> Message:
    customer()
    engine.tick(cast.SLOT)
    delivery.send_due(cast.SLOT)
    return Message.objects.get(step_id="hello", state="accepted")


def of_one_click_unsubscribe() -> Knock:
    address = (letter().frozen or {})["stop_url"].partition("/m/")[2]
    client = Client(raise_request_exception=False)
    kind = "application/x-www-form-urlencoded"
    return lambda: client.post(f"/m/{address}", "List-Unsubscribe=One-Click", content_type=kind)


def of_a_click() -> Knock:
    link = letter().links.get(position=0)
    client = Client(raise_request_exception=False)
    return lambda: client.post(reverse("m:click", args=[links.click_token(link.uid)]))


def of_the_stop_switch() -> Knock:
    cast.open_vendor()
    client = Client(raise_request_exception=False)
    client.force_login(staff("cs_ops"), backend="django.contrib.auth.backends.ModelBackend")
    switch = reverse("admin:journeys_pause_switch")
    return lambda: client.post(switch, {"to": "stop", "reason": "prices"})


DOORS = (
    of_the_events_door,
    of_the_goal,
    of_a_lesson_read_through,
    of_a_nudge_dismissed,
    of_one_click_unsubscribe,
    of_a_click,
    of_the_stop_switch,
)


# --- breaking them --------------------------------------------------------------------------------
def everything() -> dict[str, list[str]]:
    """Every row of ours, as it stands in the database."""
    models = [m for label in OURS for m in apps.get_app_config(label).get_models()]
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(m._meta.db_table for m in models):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 -- our own tables
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


@pytest.fixture
def outermost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view's transactions end as they do outside of tests: by themselves, not with the test's."""
    begin = transaction.Atomic.__init__

    def with_savepoint(self: Any, using: Any, savepoint: bool, durable: bool) -> None:
        begin(self, using, True, durable)

    monkeypatch.setattr(transaction.Atomic, "__init__", with_savepoint)
    monkeypatch.setattr(transaction, "mark_for_rollback_on_error", lambda using=None: nullcontext())


@contextmanager
def breaking(at: int) -> Iterator[list[str]]:
    """The `at`-th statement raises before the database hears of it; yields what was said till then."""
    said: list[str] = []

    def wrap(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(CONTROL) and FRAME not in sql:
            said.append(sql)
            if len(said) == at:
                raise RuntimeError(SECRET)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrap):
        yield said


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
def test_i40_a_door_that_breaks_anywhere_has_done_nothing(
    door: Callable[[], Knock], outermost: None
) -> None:
    cache.clear()
    with doors_at():
        knock = door()
        before = everything()
        for at in range(1, 400):
            with breaking(at) as said:
                answer = knock()
            if len(said) < at:
                break
            if answer.status_code >= 500:
                assert everything() == before, f"after “{said[-1][:120]}”"
            assert is_clean(answer)
    assert answer.status_code < 400
    assert everything() != before
    assert at > 2


def is_clean(answer: Any) -> bool:
    words = b"".join(answer).decode() if answer.streaming else answer.content.decode()
    return not any(
        word in words for word in ("Traceback", "SELECT", "journeys_user", "RuntimeError")
    )


# --- every address --------------------------------------------------------------------------------
class Breaking:
    """A view that breaks as soon as it is called, whatever it is."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        raise RuntimeError(SECRET)


SAMPLES = {"uuid": "6f1c0000-0000-0000-0000-000000000000", "int": "1"}


def addresses(patterns: Any, prefix: str = "/") -> Iterator[str]:
    """Every address that can be written out: converters get a sample, patterns are left alone."""
    for one in patterns:
        route = str(one.pattern)
        if route.startswith("^"):
            route = re.sub(r"[/?$^]*$", "", route.lstrip("^")).replace("\\", "")
            if re.search(r"[()\[\]*+?]", route):
                continue
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, prefix + route)
        elif isinstance(one, URLPattern):
            yield prefix + re.sub(r"<(?:(\w+):)?\w+>", lambda m: SAMPLES.get(str(m[1]), "x"), route)


def test_i40_no_address_tells_a_traceback_or_sql(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Breaking"]
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(raise_request_exception=False)
    found = sorted(set(addresses(get_resolver().url_patterns)))

    told = []
    for address in found:
        for method in ("get", "post"):
            answer = getattr(client, method)(address)
            if not is_clean(answer) or (address.startswith("/v1/") and answer.status_code == 500):
                told.append((method, address, answer.status_code))

    assert told == []
    assert len(found) > 100


def test_i40_a_machine_is_told_to_come_again_in_the_shape_of_errors(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Breaking"]

    answer = Client(raise_request_exception=False).post(
        "/v1/batch", "{}", content_type="text/plain", headers={"accept-language": "en"}
    )

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert set(answer.json()["error"]) == {"code", "message"}
    assert clock.is_demo() is False
