"""The captured mail of the embedded installation, readable on a phone. DEBUG only."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from config.dev.pages import debug_only
from journeys.channels import captured


@debug_only
def inbox(request: HttpRequest) -> HttpResponse:
    """The newest letters first."""
    return render(request, "dev/mail.html", {"letters": captured.inbox()})


@debug_only
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """One letter: as it looks, its plain-text twin, its headers."""
    return render(request, "dev/letter.html", {"letter": _letter(name)})


@debug_only
def letter_html(request: HttpRequest, name: str) -> HttpResponse:
    """The letter's HTML alone, in a sandbox: it runs nothing, and its links open outside of it."""
    response = HttpResponse(_letter(name).html)
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:;"
        " sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    return response


def _letter(name: str) -> captured.Captured:
    found = captured.letter(name)
    if found is None:
        raise Http404
    return found
