"""What is told to other systems, by Standard Webhooks (R103): an outbox, signed, retried, logged.

`collect` reads on in what other rooms wrote; a step writes its own row; `send_due` posts.
"""

from __future__ import annotations

from journeys.webhooks.addresses import BadAddress
from journeys.webhooks.collecting import collect
from journeys.webhooks.endpoints import (
    add,
    begin,
    check_events,
    renew_secret,
    send_test,
    switch_on,
)
from journeys.webhooks.outbox import EVENTS, LATER
from journeys.webhooks.sending import Sent, forget, id_of, send_due
from journeys.webhooks.settling import send_again, switch_off_by_hand
from journeys.webhooks.steps import Reached, settled_in, tell_steps

__all__ = [
    "EVENTS",
    "LATER",
    "BadAddress",
    "Reached",
    "Sent",
    "add",
    "begin",
    "check_events",
    "collect",
    "forget",
    "id_of",
    "renew_secret",
    "send_again",
    "send_due",
    "send_test",
    "settled_in",
    "switch_off_by_hand",
    "switch_on",
    "tell_steps",
]
