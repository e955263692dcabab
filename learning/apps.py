from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    name = "learning"
    verbose_name = _("Learning")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say where this site's pages are, and look at product facts before each tick's beats."""
        from journeys import conditions, engine, identity  # noqa: PLC0415 -- app ready
        from journeys.api import openapi  # noqa: PLC0415 -- app ready
        from journeys.publishing import KNOWN  # noqa: PLC0415 -- app ready
        from learning import api, assigned, progress, targets  # noqa: PLC0415 -- app ready

        targets.register()
        conditions.offered["courses"] = assigned.course_choices
        KNOWN["assign"] = assigned.known_courses
        openapi.describe("/v1/progress", api.DESCRIPTION)
        if progress.settle_by_product_facts not in engine.before_beats:
            engine.before_beats.append(progress.settle_by_product_facts)
        if progress.merge_learning not in identity.before_merge:
            identity.before_merge.append(progress.merge_learning)
