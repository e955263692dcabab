"""The right to read the report of what became of the pages, apart from reading who viewed what."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from learning.models.progress import ViewSession


class Engagement(ViewSession):
    """Views as the report counts them: no table of its own, only `learning.view_engagement`."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("how content does")
        verbose_name_plural = _("how content does")
