"""Dates, times and numbers as the house writes them, in Japanese and in English."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import pgettext

register = template.Library()


def _local(value: date | datetime) -> date | datetime:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(timezone.get_current_timezone())
    return value


@register.filter
def day(value: date | datetime | None) -> str:
    """5月18日（月） / Mon 18 May; an instant is taken in the site's time zone."""
    return format_date(_local(value), pgettext("date format", "D j F")) if value else ""


@register.filter
def day_with_year(value: date | datetime | None) -> str:
    """2026年5月18日（月） / Mon 18 May 2026."""
    return format_date(_local(value), pgettext("date format", "D j F Y")) if value else ""


@register.filter
def short_day(value: date | datetime | None) -> str:
    """5月18日 / 18 May."""
    return format_date(_local(value), pgettext("date format", "j F")) if value else ""


@register.filter
def month(value: date | datetime | None) -> str:
    """2026年9月 / September 2026."""
    return format_date(_local(value), pgettext("date format", "F Y")) if value else ""


@register.filter
def clock(value: datetime | None) -> str:
    """9:42."""
    return format_date(_local(value), "G:i") if value else ""


@register.filter
def plain_number(value: Any) -> str:
    """8 for 8.00, 8.5 for 8.50; a minus is U+2212."""
    if value is None:
        return ""
    return f"{Decimal(value).normalize():f}".replace("-", "−")
