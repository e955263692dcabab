"""Who comes into a journey, who goes out of it, and in which bucket they are."""

from journeys.enrollments.buckets import bucket
from journeys.enrollments.doors import coming
from journeys.enrollments.entering import enter, remember_who_matched
from journeys.enrollments.leaving import leave, ways_out, withdraw_messages
from journeys.enrollments.naming import Named, NotOpen, enroll_by
from journeys.enrollments.resuming import choice, resume

__all__ = [
    "Named",
    "NotOpen",
    "bucket",
    "choice",
    "coming",
    "enroll_by",
    "enter",
    "leave",
    "remember_who_matched",
    "resume",
    "ways_out",
    "withdraw_messages",
]
