from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class JourneysConfig(AppConfig):
    name = "journeys"
    verbose_name = _("Journeys")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from journeys import plays, roles  # noqa: PLC0415 -- needs the models
        from journeys.publishing import references  # noqa: PLC0415

        references.KNOWN["task"] = plays.known
        post_migrate.connect(roles.after_migrate, dispatch_uid="journeys.roles")
