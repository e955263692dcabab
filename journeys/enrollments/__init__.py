"""Who comes into a journey, who goes out of it, and in which bucket they are."""

from journeys.enrollments.buckets import bucket
from journeys.enrollments.entering import (
    coming,
    enter,
    keep_out,
    remember_who_matched,
    would_come,
)
from journeys.enrollments.leaving import leave, ways_out, withdraw_messages

__all__ = [
    "bucket",
    "coming",
    "enter",
    "keep_out",
    "leave",
    "remember_who_matched",
    "ways_out",
    "withdraw_messages",
    "would_come",
]
