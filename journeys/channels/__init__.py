"""Ways to reach a person: a module each, in one dict. Channels do not know each other."""

from __future__ import annotations

from types import ModuleType

from journeys.channels import email, nudge
from journeys.models import Channel

CHANNELS: dict[str, ModuleType] = {
    Channel.EMAIL: email,
    Channel.NUDGE: nudge,
}
