from __future__ import annotations

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Templates, static files and commands of the whole house; it has no models."""

    name = "config"
