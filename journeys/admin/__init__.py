"""The admin's pages, one file a noun; `editor/` writes journeys, lifecycles and templates."""

from journeys.admin import (
    customers,
    facts,
    journeys,
    ledger,
    lifecycles,
    pauses,
    settings,
    staff,
    templates,
)

__all__ = [
    "customers",
    "facts",
    "journeys",
    "ledger",
    "lifecycles",
    "pauses",
    "settings",
    "staff",
    "templates",
]
