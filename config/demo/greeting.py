"""What the demo says when it is ready: where to look, and a fact to send by hand."""

from __future__ import annotations

from base64 import b64encode

from django.conf import settings
from django.utils.translation import gettext as _

from config.demo import world


def curl_line() -> str:
    """One fact of AC1, as a product would send it."""
    basic = b64encode(f"{world.write_key()}:".encode()).decode()
    body = (
        '{"userId":"okano","context":{"groupId":"ac1-minato"},"event":"deliverable.changed",'
        '"properties":{"deliverable":"approval_route","state":"confirmed"}}'
    )
    return f"curl -H 'Authorization: Basic {basic}' -d '{body}' {settings.BASE_URL}/v1/track"


def text() -> str:
    """A few lines for the terminal."""
    base = settings.BASE_URL
    lines = [
        "",
        _("The demo is ready: %s") % f"{base}/dev/",
        _("  customers' learning site  %s") % f"{base}/",
        _("  captured mail             %s") % f"{base}/dev/mail/",
        _("  sample product            %s") % f"{base}/dev/product/",
        _("  CS operations             %s") % f"{base}/admin/",
        "",
        _("Send a fact yourself, from another terminal:"),
        curl_line(),
        "",
        _("Stop with Ctrl-C. Start again and everything is as you left it."),
    ]
    return "\n".join(lines)
