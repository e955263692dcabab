"""YAML 1.2 core as bundles and conditions are read (contracts 1)."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.yaml12 import BadYaml, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2026-05-11", "2026-05-11"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("1.5", 1.5),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ("0x1F", 31),
        ("12:30", "12:30"),
    ],
)
def test_a_plain_word_is_what_yaml_1_2_core_says(text: str, value: Any) -> None:
    assert read(f"key: {text}").data == {"key": value}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2", 2),
        ("a: 1\nb: &x 1\nc: *x", 2),
        ("a: 1\nb: [1, 2", 2),
        ("a: 1\n? [1]\n: 2", 2),
        ("a: 1\nb: " + "9" * 5000, 2),
        ("a: \x00", 1),
    ],
)
def test_what_is_refused_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(BadYaml) as refused:
        read(text)

    assert refused.value.line == line


def test_every_path_knows_its_line() -> None:
    found = read("a:\n- b: 1\n- b: 2\n")

    assert found.line_of("a[1].b") == 3
    assert found.line_of("a[1].missing") == 3
