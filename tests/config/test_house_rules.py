"""The house's own linter sees what it is there to see, and nothing else."""

from __future__ import annotations

import ast

import pytest

from tests import house_rules


def saves(source: str) -> list[str]:
    return list(house_rules.whole_row_saves(ast.parse(source), source.splitlines()))


def test_a_bare_save_is_found():
    assert saves("x = 1\nrow.save()\n") == [":2: save() without update_fields"]


@pytest.mark.parametrize(
    "source",
    [
        "row.save(update_fields=['name'])",
        "row.save(force_insert=True)",
        "super().save(*args, **kwargs)",
        "workbook.save(path)",
        "form.save()",
        "page.save()  # whole row: nobody else edits a page that is being made",
    ],
)
def test_a_save_that_names_its_columns_or_its_reason_is_fine(source: str):
    assert saves(source) == []


@pytest.mark.parametrize("source", ["timezone.now()", "datetime.now(tz=UTC)", "date.today()"])
def test_reading_the_machines_clock_is_found(source: str):
    assert len(list(house_rules.clock_readings(ast.parse(source)))) == 1


def test_the_doors_clock_is_no_machines_clock():
    assert list(house_rules.clock_readings(ast.parse("clock.now()"))) == []


def test_the_line_after_the_longest_allowed_is_too_many():
    assert list(house_rules.too_long("x\n" * 350)) == []
    assert len(list(house_rules.too_long("x\n" * 351))) == 1


@pytest.mark.parametrize(
    ("markup", "count"),
    [("{{ name|safe }}", 1), ("{% autoescape off %}", 1), ("{{ name|safeseq_like }}", 0)],
)
def test_unescaped_markup_is_found(markup: str, count: int):
    assert len(list(house_rules.raw_markup(markup))) == count
