"""`manage.py adopt_database`: this database belongs to these settings from now on, on purpose."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from journeys import outside


class Command(BaseCommand):
    help = "Make a copied database this installation's own. Sending stays held until released."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="theirs", metavar="ID", help="whose it was (asked for)")

    def handle(self, *args: Any, **options: Any) -> None:
        theirs = outside.installation().environment
        if theirs == settings.ENVIRONMENT_ID:
            self.stdout.write(_("This database is “%s” already.") % theirs)
            return
        if options["theirs"] != theirs:
            message = _(
                "This database belongs to “%(theirs)s”, and its customers are real. If it is meant"
                " to be “%(ours)s” from now on, run: manage.py adopt_database --from %(theirs)s"
            )
            raise CommandError(
                message % {"theirs": theirs, "ours": settings.ENVIRONMENT_ID}, returncode=2
            )
        outside.adopt()
        self.stdout.write(
            _("This database is “%s” now. Sending is held; release it with release_sending.")
            % settings.ENVIRONMENT_ID
        )
