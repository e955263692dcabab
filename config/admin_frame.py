"""The admin's frame: its name, its colours, its one menu of five groups, and what is not shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

#: (title, icon, name of the page, permission one needs to see it)
Entry = tuple[Any, str, str, str]

MENU: list[tuple[Any, list[Entry]]] = [
    (_("Today"), [
        (_("Customer companies"), "domain", "admin:journeys_account_changelist", "journeys.view_account"),
        (_("Tasks for a person"), "support_agent", "admin:journeys_playtask_changelist", "journeys.view_playtask"),
        (_("Messages"), "outgoing_mail", "admin:journeys_message_changelist", "journeys.view_message"),
    ]),
    (_("Route"), [
        (_("Lifecycles"), "view_kanban", "admin:journeys_lifecycle_changelist", "journeys.view_lifecycle"),
        (_("Journeys"), "route", "admin:journeys_journey_changelist", "journeys.view_journey"),
        (_("Templates"), "mail", "admin:journeys_template_changelist", "journeys.view_template"),
        (_("Plays"), "handshake", "admin:journeys_play_changelist", "journeys.view_play"),
    ]),
    (_("Learning site"), [
        (_("Articles and courses"), "menu_book", "wagtailadmin_home", "wagtailadmin.access_admin"),
        (_("Look at the site"), "open_in_new", "learning:home", ""),
    ]),
    (_("Looking back"), [
        (_("How content does"), "star", "engagement", "learning.view_engagement"),
        (_("Facts"), "history", "admin:journeys_event_changelist", "journeys.view_event"),
    ]),
    (_("Set-up"), [
        (_("Stop and go on"), "pause_circle", "admin:journeys_pause_changelist", "journeys.view_pause"),
        (_("Bring in a file"), "upload_file", "admin:journeys_import_changelist", "journeys.view_import"),
        (_("Facts that wait"), "hourglass_empty", "admin:journeys_inbox_changelist", "journeys.view_inbox"),
        (_("Senders"), "badge", "admin:journeys_persona_changelist", "journeys.view_persona"),
        (_("Topics"), "label", "admin:journeys_topic_changelist", "journeys.view_topic"),
        (_("Calendars"), "calendar_month", "admin:journeys_calendar_changelist", "journeys.view_calendar"),
        (_("Weekly limit"), "speed", "admin:journeys_frequencypolicy_changelist", "journeys.view_frequencypolicy"),
        (_("Products"), "package_2", "admin:journeys_product_changelist", "journeys.view_product"),
        (_("Staff"), "group", "admin:journeys_user_changelist", "journeys.view_user"),
        (_("Roles"), "key", "admin:auth_group_changelist", "auth.view_group"),
        (_("Sources"), "input", "admin:journeys_source_changelist", "journeys.view_source"),
        (_("Webhooks"), "webhook", "admin:journeys_webhookendpoint_changelist", "journeys.view_webhookendpoint"),
        (_("Webhook log"), "receipt_long", "admin:journeys_webhookdelivery_changelist", "journeys.view_webhookdelivery"),
    ]),
]  # fmt: skip


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu of whoever asks: pages that exist, and that they may see."""
    found = []
    for title, entries in MENU:
        items = [_item(entry, request) for entry in entries if _is_open(entry, request)]
        if items:
            found.append({"title": title, "items": items})
    return found


def _is_open(entry: Entry, request: HttpRequest) -> bool:
    _title, _icon, page, permission = entry
    return _exists(page) and (not permission or request.user.has_perm(permission))


def _exists(page: str) -> bool:
    try:
        reverse(page)
    except NoReverseMatch:
        return False
    return True


def _item(entry: Entry, request: HttpRequest) -> dict[str, Any]:
    title, icon, page, _permission = entry
    link = reverse(page)
    active = link != "/" and request.path.startswith(link)
    return {"title": title, "icon": icon, "link": link, "active": active}


def held_badge(_request: HttpRequest) -> list[str] | None:
    """On every page of the admin: that nothing leaves, while it is so."""
    from journeys import outside  # noqa: PLC0415 -- settings import this module

    standing = outside.standing()
    return None if standing == "ok" else [str(HELD[standing]), "danger"]


HELD = {"held": _("Sending is held"), "copied": _("A copy: nothing is sent")}


def style(path: str) -> Callable[[HttpRequest], str]:
    """A stylesheet's address, asked for when a page is drawn."""
    return lambda _request: static(path)


def _shades(*colours: str) -> dict[str, str]:
    steps = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")
    return dict(zip(steps, colours, strict=True))


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Junro",
    "SITE_HEADER": "Junro",
    "SITE_URL": "/",
    "SITE_ICON": style("junro/icon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": style("junro/icon.svg")},
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "ENVIRONMENT": "config.admin_frame.held_badge",
    "STYLES": [
        style("junro/tokens.css"), style("junro/components.css"), style("journeys/admin.css"),
    ],
    # The brand's green and its greys from tokens.css, in the steps unfold asks for.
    "COLORS": {
        "base": _shades(
            "#f3f6f5", "#e9eeec", "#d6dedb", "#b9c5c0", "#8b9b94", "#75847e", "#495852",
            "#2b3733", "#1c2622", "#151d1a", "#0d1311",
        ),
        "primary": _shades(
            "#e1f2ec", "#c5e6db", "#93e5cf", "#7ddcc2", "#4ccaa7", "#4ccaa7", "#00664f",
            "#00513f", "#004d3b", "#11332a", "#03221a",
        ),
    },
    "SIDEBAR": {
        "show_search": False,
        "command_search": False,
        "show_all_applications": False,
        "navigation": "config.admin_frame.navigation",
    },
}  # fmt: skip

#: What unfold says and does not bring in Japanese: translated in our catalogue.
SAID_BY_UNFOLD = (
    gettext_noop("Add row"),
    gettext_noop("Apply Filters"),
    gettext_noop("Click to cancel"),
    gettext_noop("Dark"),
    gettext_noop("Expand row"),
    gettext_noop("Filters"),
    gettext_noop("General"),
    gettext_noop("Go back"),
    gettext_noop("Light"),
    gettext_noop("Loading more results..."),
    gettext_noop("No data"),
    gettext_noop("No results found"),
    gettext_noop("No results matching your query"),
    gettext_noop("Reset filters"),
    gettext_noop("Run"),
    gettext_noop("Select all rows"),
    gettext_noop("Submit"),
    gettext_noop("System"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Type to search"),
)

#: Registered by their packages, of no use to staff, or a door to running any code (4.3.48).
HIDDEN = (
    "taggit.Tag",
    "wagtailimages.Image",
    "wagtaildocs.Document",
    "account.EmailAddress",
    "account.EmailConfirmation",
    "django_q.Schedule",
    "django_q.Success",
    "django_q.Failure",
    "django_q.OrmQ",
)


def home(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """/admin/ itself: the first page of one's menu, not a list of tables."""
    items = [item for group in navigation(request) for item in group["items"]]
    if not items:
        raise PermissionDenied
    return HttpResponseRedirect(items[0]["link"])


def tidy(site: Any) -> None:
    """Take from the admin what other packages put there; groups are shown our way."""
    from django.apps import apps  # noqa: PLC0415 -- settings import this module
    from django.contrib.auth.models import Group  # noqa: PLC0415

    from journeys.admin.staff import GroupAdmin  # noqa: PLC0415

    for label in HIDDEN:
        model = apps.get_model(label)
        if site.is_registered(model):
            site.unregister(model)
    site.index = home
    site.unregister(Group)
    site.register(Group, GroupAdmin)
