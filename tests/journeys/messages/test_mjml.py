"""MJML is measured, compiled in a child process and checked: numbers 59–67."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from journeys.messages import mjml
from journeys.messages.liquid import BadTemplate


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def letter(inner: str) -> str:
    return (
        '<mjml lang="ja"><mj-body><mj-section><mj-column>\n'
        f"<mj-text>{inner}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )


def test_a_letter_is_compiled_without_foreign_fonts() -> None:
    (html,) = mjml.compile_all([letter("こんにちは<br />世界")])

    assert "こんにちは<br />世界" in html
    assert 'lang="ja"' in html
    assert "googleapis" not in html


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("<mjml>" + "<mj-wrapper>" * 2000 + "</mj-wrapper>" * 2000 + "</mjml>", "1:"),
        (letter("x" * 250_000), "200 kB"),
        (letter('<mj-include path="/etc/passwd" />'), "2:10: <mj-include>"),
        (letter("<script>x</script>"), "2:10: <script>"),
        (letter("<iframe></iframe>"), "<iframe>"),
        (letter("<form></form>"), "<form>"),
        (letter("<marquee>x</marquee>"), "<marquee>"),
        (letter('<p onclick="x()">y</p>'), "onclick"),
        (letter('<a href="javascript:x()">y</a>'), "javascript:x()"),
        (letter('<a href="data:text/html,x">y</a>'), "data:text/html,x"),
        (letter('<a href="http://plain.example">y</a>'), "http://plain.example"),
        (letter('<img src="http://169.254.169.254/x" />'), "169.254.169.254"),
        (letter('<p style="background:url(https://x.example)">y</p>'), "url("),
        (letter("<p>unclosed"), "cannot be compiled"),
        (letter("a < b"), "cannot be compiled"),
        ('<mjml><mj-head><mj-style>@import "x";</mj-style></mj-head><mj-body /></mjml>', "@import"),
    ],
)
def test_59_to_67_what_must_not_be_in_a_letter_is_refused(source: str, said: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        mjml.compile_all([source])

    assert said in str(refused.value)


def test_59_what_kills_the_compiler_kills_only_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep nesting ends mrml's process with a signal; measured limits taken away, we live on."""
    monkeypatch.setattr(mjml, "DEEPEST", 10_000)
    depth = 4000
    source = "<mjml><mj-body>" + "<mj-wrapper>" * depth + "</mj-wrapper>" * depth
    source += "</mj-body></mjml>"

    with pytest.raises(BadTemplate, match="cannot be compiled"):
        mjml.compile_all([source])
