"""The site's root, and the knowledge articles below it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page

from content import reading, visibility
from content.blocks import Body
from content.models.audience import AUDIENCE_PANELS, Guided


class HomePage(Page):
    """Root of the learning site: the vendor's words to whoever has not signed in."""

    lead = models.CharField(_("headline"), max_length=120, blank=True)
    intro = models.TextField(_("introduction"), blank=True)
    vendor_name = models.CharField(_("company name"), max_length=200, blank=True)
    product_name = models.CharField(_("product name"), max_length=100, blank=True)
    support_name = models.CharField(_("support desk"), max_length=100, blank=True)
    support_email = models.EmailField(_("support e-mail"), blank=True)
    support_phone = models.CharField(_("support phone"), max_length=40, blank=True)
    support_hours = models.CharField(_("support hours"), max_length=120, blank=True)
    privacy_url = models.URLField(_("privacy policy"), blank=True)
    goal_question = models.CharField(_("question for the goal"), max_length=200, blank=True)
    goal_metric = models.CharField(_("what is measured"), max_length=100, blank=True)
    goal_unit = models.CharField(_("unit"), max_length=20, blank=True)
    goal_hint = models.CharField(_("how it is counted"), max_length=200, blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("lead"),
        FieldPanel("intro"),
        MultiFieldPanel(
            [FieldPanel(name) for name in ("vendor_name", "product_name", "privacy_url")],
            heading=_("The company"),
        ),
        MultiFieldPanel(
            [
                FieldPanel(name)
                for name in ("support_name", "support_email", "support_phone", "support_hours")
            ],
            heading=_("Support"),
        ),
        MultiFieldPanel(
            [
                FieldPanel(name)
                for name in ("goal_question", "goal_metric", "goal_unit", "goal_hint")
            ],
            heading=_("The customer's goal"),
        ),
    ]
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["content.ArticleIndexPage", "learning.CourseIndexPage"]
    max_count = 1
    template = "content/home_page.html"

    class Meta:
        verbose_name = _("home page")
        verbose_name_plural = _("home pages")


class ArticleIndexPage(Page):
    """The list of articles a reader may see, those for their stage first."""

    intro = models.TextField(_("introduction"), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro")]
    parent_page_types = ["content.HomePage"]
    subpage_types = ["content.ArticlePage"]
    max_count_per_parent = 1
    template = "content/article_index_page.html"

    class Meta:
        verbose_name = _("list of articles")
        verbose_name_plural = _("lists of articles")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        reader = request.visitor  # type: ignore[attr-defined]
        articles = articles_for(ArticlePage.objects.child_of(self), reader)
        now_useful = [a for a in articles if set(a.stages) & reader.stages]
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | {
            "useful": now_useful,
            "articles": [article for article in articles if article not in now_useful],
        }


class ArticlePage(Guided, Page):
    """One question, answered; public ones can be found from outside (R60)."""

    question = models.CharField(
        _("the question people ask"), max_length=200, help_text=_("Shown as the heading.")
    )
    body = StreamField(Body(), verbose_name=_("body"), blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel("question"),
        FieldPanel("summary"),
        FieldPanel("body"),
        *AUDIENCE_PANELS,
    ]
    parent_page_types = ["content.ArticleIndexPage"]
    subpage_types: list[str] = []
    template = "content/article_page.html"

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")

    @property
    def minutes(self) -> int:
        """Minutes to read, at least 1."""
        return max(1, round(reading.seconds_to_read(self.body) / 60))

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        reader = request.visitor  # type: ignore[attr-defined]
        context: dict[str, Any] = super().get_context(request, *args, **kwargs)
        return context | {"contents": reading.headings(self.body), "related": self.related(reader)}

    def related(self, reader: visibility.Reader) -> list[ArticlePage]:
        """Up to three more articles for the same stages and roles."""
        others = articles_for(ArticlePage.objects.sibling_of(self, inclusive=False), reader)
        mine = set(self.stages) | set(self.roles)
        others.sort(key=lambda other: -len(mine & (set(other.stages) | set(other.roles))))
        return others[:3]


def articles_for(pages: Any, reader: visibility.Reader) -> list[ArticlePage]:
    """Live articles of `pages` open to `reader`, in tree order, without their bodies; 1 query."""
    rows = (
        pages.live()
        .filter(audience__in=visibility.audiences_of(reader))
        .defer_streamfields()
        .order_by("path")
    )
    return visibility.readable(rows, reader)
