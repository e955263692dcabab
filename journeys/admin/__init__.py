"""The admin's pages, one file a noun; `editor/` writes journeys, lifecycles and templates."""

from journeys.admin import (
    contacts,
    customers,
    facts,
    imports,
    journeys,
    ledger,
    lifecycles,
    pauses,
    plays,
    settings,
    staff,
    templates,
    waiting,
    webhooks,
)

__all__ = [
    "contacts",
    "customers",
    "facts",
    "imports",
    "journeys",
    "ledger",
    "lifecycles",
    "pauses",
    "plays",
    "settings",
    "staff",
    "templates",
    "waiting",
    "webhooks",
]
