"""What senders get wrong, by its number in the catalogue 4.1: an answer each, and never a 500."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from journeys.models import Account, Contact, Event, Source
from tests.doors import Door, call, error

MINUTE = timedelta(minutes=1)


def raw(text: str) -> bytes:
    """A batch of one call with this JSON text as the value of a property."""
    start = json.dumps(call(messageId="raw"))[:-1]
    return f'{{"batch": [{start}, "properties": {{"p": {text}}}}}]}}'.encode()


def code_of(door: Door, text: str) -> list[str]:
    return [r["code"] for r in door.post("/v1/batch", raw(text)).json()["rejected"]]


def stored(door: Door, **more: Any) -> Event:
    assert door.batch(call(**more))["accepted"] == 1
    return Event.objects.latest("pk")


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer abc", Door.basic("wrong")])
def test_4_1_01_no_or_an_unknown_key_is_401(door: Door, header: str) -> None:
    response = door.post("/v1/batch", {"batch": [call()]}, Authorization=header)
    assert error(response) == (401, "invalid_key")
    assert not Event.objects.exists()


def test_4_1_02_a_revoked_key_is_401(door: Door) -> None:
    Source.objects.update(revoked_at=timezone.now())
    assert error(door.post("/v1/batch", {"batch": [call()]})) == (401, "invalid_key")


def test_4_1_02_another_key_in_the_body_is_403(door: Door) -> None:
    other = Door(source="other").key
    body = {"batch": [call()], "writeKey": other}
    assert error(door.post("/v1/batch", body)) == (403, "other_key")
    assert not Event.objects.exists()


def test_4_1_03_a_body_of_more_than_500_kb_is_413_before_it_is_parsed(door: Door) -> None:
    assert error(door.post("/v1/batch", b"[" * 500_001)) == (413, "too_large")


def test_4_1_04_a_call_of_more_than_32_kb_costs_itself_alone(door: Door) -> None:
    answer = door.batch(call(properties={"text": "x" * 33_000}), call())
    assert [(r["index"], r["code"]) for r in answer["rejected"]] == [(0, "too_large")]
    assert answer["accepted"] == 1


def test_4_1_05_a_gzip_bomb_is_413_at_the_unpacked_limit(door: Door) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 500_000
    assert error(door.post("/v1/batch", bomb, Content_Encoding="gzip")) == (413, "too_large")


@pytest.mark.parametrize("body", [b"\x1f\x8bbroken", b"{}", gzip.compress(b'{"batch":[]}')[:-9]])
def test_4_1_05_what_is_no_gzip_is_400(door: Door, body: bytes) -> None:
    assert error(door.post("/v1/batch", body, Content_Encoding="gzip")) == (400, "bad_gzip")


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b'{"batch": []} and more', b"[]", b'{"batch": [}']
)
def test_4_1_06_no_json_is_400(door: Door, body: bytes) -> None:
    assert error(door.post("/v1/batch", body)) == (400, "bad_json")


def test_4_1_06_the_position_is_told(door: Door) -> None:
    response = door.post("/v1/batch", b'{"batch":\n  nonsense}', Accept_Language="en")
    message = response.json()["error"]["message"]
    assert message == "The body is not JSON (line 2, column 3)."


def test_4_1_07_a_byte_order_mark_is_fine(door: Door) -> None:
    body = json.dumps({"batch": [call()]}).encode("utf-8-sig")
    assert door.post("/v1/batch", body).json()["accepted"] == 1


@pytest.mark.parametrize("body", ['{"batch": []}'.encode("utf-16"), b'{"batch": ["\xff"]}'])
def test_4_1_07_other_encodings_are_400(door: Door, body: bytes) -> None:
    assert error(door.post("/v1/batch", body)) == (400, "not_utf8")


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"batch":[' + b"["])
def test_4_1_08_a_hundred_thousand_brackets_are_400(door: Door, opening: bytes) -> None:
    assert error(door.post("/v1/batch", opening + b"[" * 100_000)) == (400, "too_deep")


def test_4_1_08_one_call_that_is_too_deep_costs_itself_alone(door: Door) -> None:
    assert code_of(door, "[" * 30 + "]" * 30) == ["too_deep"]
    assert code_of(door, "[" * 10 + "]" * 10) == []


@pytest.mark.parametrize("text", [r'"a\u0000b"', r'{"k\u0000": 1}'])
def test_4_1_09_a_nul_character_is_rejected(door: Door, text: str) -> None:
    assert code_of(door, text) == ["nul_char"]


@pytest.mark.parametrize("text", [r'"\ud800"', r'"\udc00 alone"', r'{"\ud800": 1}'])
def test_4_1_10_a_lone_surrogate_is_rejected(door: Door, text: str) -> None:
    assert code_of(door, text) == ["bad_text"]


def test_4_1_10_a_pair_of_surrogates_is_a_character(door: Door) -> None:
    assert code_of(door, r'"\ud83c\udf8c"') == []
    assert Event.objects.get().properties == {"p": "🎌"}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_4_1_11_what_is_not_finite_is_rejected(door: Door, text: str) -> None:
    assert code_of(door, text) == ["bad_number"]


def test_4_1_12_4400_digits_are_rejected(door: Door) -> None:
    assert code_of(door, "9" * 4400) == ["bad_number"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (str(2**53), 2**53),
        (str(2**53 + 1), str(2**53 + 1)),
        (str(-(2**53) - 1), str(-(2**53) - 1)),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_4_1_12_whole_numbers_above_2_to_53_are_kept_as_texts(
    door: Door, text: str, kept: object
) -> None:
    assert code_of(door, text) == []
    assert Event.objects.get().properties == {"p": kept}


def test_4_1_13_a_key_named_twice_is_rejected(door: Door) -> None:
    assert code_of(door, '{"a": 1, "a": 1}') == ["duplicate_key"]
    assert code_of(door, '{"a": 1, "b": {"a": 1}}') == []


def test_4_1_14_more_than_255_properties_are_rejected(door: Door) -> None:
    many = {f"p{n}": n for n in range(256)}
    assert door.codes(call(properties=many)) == ["too_many_properties"]
    many.pop("p0")
    assert door.codes(call(properties=many)) == []


def test_4_1_15_nobody_is_rejected(door: Door) -> None:
    nobody = call()
    del nobody["userId"]
    assert door.codes(nobody) == ["no_identity"]


@pytest.mark.parametrize(
    "user_id",
    [
        "",
        " ",
        None,
        "undefined",
        "null",
        "[object Object]",
        {"id": 1},
        [1],
        True,
        1.5,
        "x" * 10_000,
    ],
)
def test_4_1_16_what_scripts_send_for_nobody_is_rejected(door: Door, user_id: object) -> None:
    assert door.codes(call(userId=user_id)) == ["bad_identity"]
    assert not Contact.objects.exists()


def test_4_1_16_a_number_is_an_identity(door: Door) -> None:
    assert door.codes(call(userId=42)) == []
    assert Contact.objects.get().user_id == "42"


@pytest.mark.parametrize("event", [None, "", "  ", "$pageview", 7, {"name": "x"}, "x" * 201])
def test_4_1_17_a_fact_needs_a_name(door: Door, event: object) -> None:
    assert door.codes(call(event=event)) == ["bad_event"]


def test_4_1_17_a_missing_name_is_rejected(door: Door) -> None:
    nameless = call()
    del nameless["event"]
    assert door.codes(nameless) == ["bad_event"]


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-02-30T00:00:00Z",
        "2026-05-11T24:00:00Z",
        "2026-05-11T00:00:60Z",
        "2026-05-11T00:00:00+99:99",
        "yesterday",
        "",
        1778461200,
        {"at": 1},
        "2026-W20-1",
        "0000-02-31T00:00:00Z",
    ],
)
def test_4_1_18_what_is_no_moment_is_rejected(door: Door, timestamp: object) -> None:
    assert door.codes(call(timestamp=timestamp)) == ["bad_time"]


def in_a_year() -> str:
    return (datetime.now(UTC) + timedelta(days=365)).isoformat()


@pytest.mark.parametrize(
    "timestamp",
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "0000-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        in_a_year(),
    ],
)
def test_4_1_19_what_cannot_be_true_happened_when_it_came(door: Door, timestamp: str) -> None:
    """I5: every row can be read back, with a time in [2000, now + 10 min]."""
    event = stored(door, timestamp=timestamp)
    assert event.occurred_at == event.received_at
    assert event.flags == ["time_clamped"]


def test_4_1_19_ten_minutes_ahead_are_believed(door: Door) -> None:
    ahead = datetime.now(UTC) + 9 * MINUTE
    event = stored(door, timestamp=ahead.isoformat())
    assert (event.occurred_at, event.flags) == (ahead, [])


def test_4_1_20_without_an_offset_it_is_utc_and_flagged(door: Door) -> None:
    event = stored(door, timestamp="2026-05-11T10:00:00")
    assert event.occurred_at == datetime(2026, 5, 11, 10, tzinfo=UTC)
    assert event.flags == ["time_without_zone"]


def test_4_1_21_the_same_again_is_a_duplicate(door: Door) -> None:
    one = call()
    door.batch(one)
    again = {"success": True, "accepted": 0, "duplicates": 1, "rejected": []}
    assert door.batch(one) == again
    assert Event.objects.count() == 1


def test_4_1_22_another_body_under_the_same_id_is_a_conflict(door: Door) -> None:
    one = call()
    door.batch(one)
    assert door.codes({**one, "event": "other"}) == ["conflict"]
    assert Event.objects.get().name == "login"


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/t"])
def test_4_1_23_get_is_405(door: Door, path: str) -> None:
    response = door.client.get(path)
    assert error(response) == (405, "method_not_allowed")
    assert response["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "image/png", ""])
def test_4_1_23_the_content_type_is_not_looked_at(door: Door, content_type: str) -> None:
    body = json.dumps({"batch": [call()]}).encode()
    headers = {"Authorization": door.basic(door.key)}
    response = door.client.generic("POST", "/v1/batch", body, content_type, headers=headers)
    assert response.json()["accepted"] == 1


def test_4_1_24_more_than_10_000_calls_are_400(door: Door) -> None:
    assert error(door.post("/v1/batch", {"batch": [0] * 10_001})) == (400, "too_many")
    assert set(door.codes(*[0] * 10_000)) == {"bad_item"}


def test_4_1_25_above_the_rate_is_429_with_a_time_to_wait(door: Door, settings: Any) -> None:
    settings.INGEST_RATE = 2
    cache.clear()
    answers = [door.post("/v1/batch", {"batch": []}) for _ in range(20)]
    refused = [a for a in answers if a.status_code != 200]
    assert {(error(a), a["Retry-After"]) for a in refused} == {((429, "too_fast"), "1")}
    assert answers[0].status_code == 200


def test_4_1_25_without_a_rate_nobody_waits(door: Door) -> None:
    assert {door.post("/v1/batch", {"batch": []}).status_code for _ in range(50)} == {200}


def test_4_1_26_names_that_mean_something_to_javascript_are_data(door: Door) -> None:
    evil = {"__proto__": {"admin": True}, "constructor": {"prototype": 1}, "toString": "x"}
    assert stored(door, properties=evil).properties == evil


@pytest.mark.parametrize(
    "email",
    [
        "a@x.example\r\nBcc: b@x.example",
        "a@x.example, b@x.example",
        '"<script>alert(1)</script>"@x.example',
        "<script>@x.example",
        "Yamada <a@x.example>",
        "nobody",
        7,
        "x" * 250 + "@x.example",
    ],
)
def test_4_1_27_an_address_that_is_none_is_left_out_and_the_rest_stands(
    door: Door, email: object
) -> None:
    answer = door.batch(call("identify", traits={"email": email, "plan": "pro"}))
    assert answer["accepted"] == 1
    assert [w["field"] for w in answer["warnings"]] == ["traits.email"]
    contact = Contact.objects.get()
    assert (contact.email, contact.traits) == ("", {"plan": "pro"})


def test_many_kinds_of_nonsense_at_once_are_each_accounted_for(door: Door) -> None:
    """I3: accepted + duplicates + rejected = sent."""
    good = call()
    answer = door.batch(good, good, 1, None, [], "x", {}, call("dance"), call(context=3), call())
    assert (answer["accepted"], answer["duplicates"], len(answer["rejected"])) == (2, 1, 7)
    assert Account.objects.count() == 1
