"""What is written down: JSON with the request's id, and nothing about a person (R107)."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config import logs


def line(message: str, *args: object, error: Exception | None = None) -> dict[str, object]:
    caught = None
    if error is not None:
        with suppress(type(error)):
            try:
                raise error
            finally:
                caught = sys.exc_info()
    record = logging.LogRecord("junro", logging.INFO, "", 0, message, args, caught)
    found: dict[str, object] = json.loads(logs.Json().format(record))
    return found


@pytest.mark.django_db
def test_an_answer_carries_the_callers_request_id_or_one_of_ours() -> None:
    given = Client().get("/healthz", headers={"X-Request-ID": "gateway-42a"})
    made = Client().get("/healthz", headers={"X-Request-ID": "no good: \x01"})

    assert given["X-Request-ID"] == "gateway-42a"
    assert len(made["X-Request-ID"]) == 32


def test_lines_written_while_a_request_is_answered_name_it() -> None:
    told: list[dict[str, object]] = []

    def view(_request: object) -> HttpResponse:
        told.append(line("in the middle"))
        return HttpResponse()

    request = RequestFactory().get("/", headers={"X-Request-ID": "abcdefgh"})
    logs.RequestIdMiddleware(view)(request)

    assert told[0]["request"] == "abcdefgh"
    assert "request" not in line("afterwards")


@pytest.mark.parametrize(
    "secret",
    ["hanako@example.jp", "Key (email)=(hanako@example.jp) already exists.", "/m/c/s3cr3t:tok3n"],
)
def test_no_address_no_quoted_value_and_no_token_is_written(secret: str) -> None:
    broken = ValueError(f"it broke\nDETAIL: {secret}\nat the end")

    found = json.dumps(line("seen: %s", secret, error=broken))

    assert ("hanako" in found, "s3cr3t" in found) == (False, False)


def test_an_error_is_told_by_kind_and_place() -> None:
    found = line("it broke", error=ZeroDivisionError("by zero"))["error"]

    assert isinstance(found, dict)
    assert (found["kind"], found["message"]) == ("ZeroDivisionError", "by zero")
    assert "test_logs.py" in found["trace"][-1]
