"""What a person does: plays, the tasks they become, and hand-offs that lead back to the route.

A task with a return condition is a hand-off (R83): automation for its subscription waits until the
condition is met or somebody says it is done, and then goes on where it stood (R84).
"""

from __future__ import annotations

from journeys.plays.authoring import document, known, publish
from journeys.plays.opening import Opening, hand_off, open_tasks
from journeys.plays.settling import AlreadyClosed, cancel, finish, settle, settled_in, start

__all__ = [
    "AlreadyClosed",
    "Opening",
    "cancel",
    "document",
    "finish",
    "hand_off",
    "known",
    "open_tasks",
    "publish",
    "settle",
    "settled_in",
    "start",
]
