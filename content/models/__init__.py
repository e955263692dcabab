"""Pages of the knowledge hub, and what every page of the house carries."""

from __future__ import annotations

from content.models.audience import Guided, KeyListField
from content.models.pages import ArticleIndexPage, ArticlePage, HomePage, articles_for

__all__ = [
    "ArticleIndexPage",
    "ArticlePage",
    "Guided",
    "HomePage",
    "KeyListField",
    "articles_for",
]
