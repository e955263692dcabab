"""The admin's pages, one file a noun; `editor/` writes journeys, lifecycles and templates."""

from journeys.admin import (
    customers,
    facts,
    journeys,
    ledger,
    lifecycles,
    pauses,
    plays,
    settings,
    staff,
    templates,
    webhooks,
)

__all__ = [
    "customers",
    "facts",
    "journeys",
    "ledger",
    "lifecycles",
    "pauses",
    "plays",
    "settings",
    "staff",
    "templates",
    "webhooks",
]
