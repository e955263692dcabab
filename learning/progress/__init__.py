"""How far people have come in courses: what they read, what they did, what is complete."""

from learning.progress.completing import Finish, complete, complete_all
from learning.progress.doing import settle_by_product_facts
from learning.progress.merging import merge_learning
from learning.progress.tracking import (
    BadTicket,
    Seen,
    Ticket,
    issue,
    open_ticket,
    read_through,
    take,
)

__all__ = [
    "BadTicket",
    "Finish",
    "Seen",
    "Ticket",
    "complete",
    "complete_all",
    "issue",
    "merge_learning",
    "open_ticket",
    "read_through",
    "settle_by_product_facts",
    "take",
]
