"""Pages from plain documents, as the starter folders and imports bring them. Loading twice changes
nothing; loading a changed document updates the page it once made.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.models import Locale, Page, Site

from content.blocks import Body
from content.editing import let_editors_write
from content.models import ArticleIndexPage, ArticlePage, HomePage

BODY = Body()
_STRONG = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


class BadDocument(ValueError):
    """A document that no page can be made of; says where and what would be allowed."""


@dataclass
class Loaded:
    """How many pages were made, changed and left as they were."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@transaction.atomic
def load_articles(articles: Iterable[Mapping[str, Any]], *, now: datetime) -> Loaded:
    """Make or update one ArticlePage a document (slug, title, question, summary, audience, roles,
    products, stages, next_action {label, to}, blocks), below the list of articles.
    """
    loaded = Loaded()
    index = index_page(ArticleIndexPage, "articles", _("Articles"), now)
    for article in articles:
        values = guidance(article) | {
            "title": article["title"],
            "question": article.get("question") or article["title"],
            "summary": article.get("summary", ""),
            "body": body_of(article.get("blocks", ()), f"article/{article['slug']}"),
        }
        put(index, ArticlePage, article["slug"], values, now, loaded)
    return loaded


@transaction.atomic
def load_site(document: Mapping[str, Any], *, now: datetime) -> HomePage:
    """Name the site and say whose it is: site_name, and HomePage's fields by name."""
    root = home_page(now)
    fields = {name: value for name, value in document.items() if name != "site_name"}
    known = {field.name for field in HomePage._meta.get_fields()}
    if unknown := sorted(set(fields) - known):
        raise BadDocument(f"The site has no {', '.join(unknown)}.")
    put(None, HomePage, root.slug, fields, now, Loaded(), page=root)
    Site.objects.filter(root_page=root).update(site_name=document.get("site_name", ""))
    Site.clear_site_root_paths_cache()
    let_editors_write(root)
    root.refresh_from_db()
    return root


def home_page(now: datetime) -> HomePage:
    """The site's root page, made with its Site where there is none yet."""
    found: HomePage | None = HomePage.objects.first()
    if found is not None:
        return found
    Locale.objects.get_or_create(language_code=settings.LANGUAGE_CODE)
    root = Page.objects.filter(depth=1).first() or Page.add_root(
        instance=Page(title="Root", slug="root")
    )
    page: HomePage = root.add_child(instance=HomePage(title=_("Home"), slug="start"))
    publish(page, now)
    base = urlsplit(settings.BASE_URL)
    site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
    stale = site.root_page if site.pk else None
    site.hostname = base.hostname or "localhost"
    site.port = base.port or (443 if base.scheme == "https" else 80)
    site.root_page = page
    site.save(update_fields=["hostname", "port", "root_page"] if site.pk else None)
    if stale is not None and stale.content_type.model_class() is Page and not stale.get_children():
        stale.delete()  # the page a new Wagtail greets with
    return page


def index_page(model: Any, slug: str, title: str, now: datetime) -> Any:
    """The list page of a kind below the root, made where there is none yet."""
    page = model.objects.first()
    if page is None:
        page = home_page(now).add_child(instance=model(title=title, slug=slug, show_in_menus=True))
        publish(page, now)
    return page


def guidance(document: Mapping[str, Any], inherited: Any = None) -> dict[str, Any]:
    """The fields every page carries; what is absent is taken over from `inherited` (a page)."""
    action = document.get("next_action") or {}
    values = {
        name: document.get(name, getattr(inherited, name, fallback))
        for name, fallback in (
            ("audience", "customer"), ("roles", []), ("products", []), ("stages", []),
        )
    }  # fmt: skip
    return values | {
        "next_action_label": action.get("label", ""),
        "next_action_to": action.get("to", ""),
    }


def put(
    parent: Any, model: Any, slug: str, values: Mapping[str, Any], now: datetime, loaded: Loaded,
    page: Any = None,
) -> Any:  # fmt: skip
    """The published page `slug` of `model` below `parent`, with these values; counted in `loaded`."""
    page = page or model.objects.child_of(parent).filter(slug=slug).first()
    if page is None:
        page = parent.add_child(instance=model(slug=slug, **values))
        loaded.created += 1
    elif differing := [name for name, value in values.items() if not _same(page, name, value)]:
        for name in differing:
            setattr(page, name, values[name])
        loaded.updated += 1
    else:
        loaded.unchanged += 1
        return page
    publish(page, now)
    return page


def publish(page: Any, now: datetime) -> None:
    """Publish as of the doors' time: a demo's page was published in the demo's past."""
    page.save_revision().publish()
    first = (
        page.first_published_at
        if page.first_published_at and page.first_published_at < now
        else now
    )
    Page.objects.filter(pk=page.pk).update(
        first_published_at=first, last_published_at=now, latest_revision_created_at=now
    )
    page.first_published_at, page.last_published_at = first, now


def body_of(blocks: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
    """A body's stored form of the documents' blocks; `key` makes the blocks' ids, the same always."""
    return [
        {
            "type": block["type"],
            "value": _value(block, f"{key}/{number}"),
            "id": _id(f"{key}/{number}"),
        }
        for number, block in enumerate(blocks)
    ]


def _value(block: Mapping[str, Any], key: str) -> Any:
    match block.get("type"):
        case "heading":
            return block["text"]
        case "text":
            return rich(block["text"])
        case "steps" | "checklist":
            return [
                {"type": "item", "value": rich(item), "id": _id(f"{key}/{number}")}
                for number, item in enumerate(block["items"])
            ]
        case "callout":
            return {
                "tone": block.get("tone", "info"),
                "title": block["title"],
                "text": rich(block["text"]),
            }
    raise BadDocument(
        f"{key}: “{block.get('type')}” is no block; write heading, text, steps, checklist or callout."
    )


def rich(text: str) -> str:
    """Rich text of plain paragraphs with **strong** words; nothing else is read as markup."""
    paragraphs = (part.strip() for part in str(text).split("\n\n"))
    return "".join(
        "<p>" + _STRONG.sub(r"<b>\1</b>", html.escape(part, quote=False)) + "</p>"
        for part in paragraphs
        if part
    )


def _id(key: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"junro:{key}"))


def _same(page: Any, name: str, value: Any) -> bool:
    if name == "body":
        return bool(page.body.get_prep_value() == BODY.get_prep_value(BODY.to_python(value)))
    return bool(getattr(page, name) == value)
