"""Files of customers and facts: read, checked whole, and brought in without a message going out.

file = imports.open_file(content, "customers", now)     # Refused names every mistake by its row
report = imports.preview(file)                          # or imports.bring_in(file, now)
"""

from journeys.imports.bringing import (
    File,
    Report,
    bring_in,
    look_into,
    open_file,
    preview,
    rehearse,
)
from journeys.imports.problems import Problem, Refused

__all__ = [
    "File",
    "Problem",
    "Refused",
    "Report",
    "bring_in",
    "look_into",
    "open_file",
    "preview",
    "rehearse",
]
