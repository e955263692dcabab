"""What the body of a lesson or an article is made of."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageChooserBlock

INLINE = ["bold", "link", "document-link"]
TEXT = [*INLINE, "ul", "ol"]


class Callout(blocks.StructBlock):
    """A remark beside the text. The tone is said by icon and title, never by colour alone."""

    tone = blocks.ChoiceBlock(
        choices=[("info", _("Note")), ("warn", _("Take care")), ("ok", _("Good to know"))],
        default="info",
        label=_("tone"),
    )
    title = blocks.CharBlock(max_length=120, label=_("title"))
    text = blocks.RichTextBlock(features=INLINE, label=_("text"))

    class Meta:
        icon = "info-circle"
        label = _("Remark")
        template = "content/blocks/callout.html"


class Picture(blocks.StructBlock):
    """A screenshot with the words that say what it shows."""

    image = ImageChooserBlock(label=_("picture"))
    alt = blocks.CharBlock(max_length=250, label=_("what it shows, in words"))
    caption = blocks.CharBlock(max_length=200, required=False, label=_("caption"))

    class Meta:
        icon = "image"
        label = _("Picture")
        template = "content/blocks/image.html"


class Body(blocks.StreamBlock):
    """Blocks in reading order; each keeps its id, by which reading is counted."""

    heading = blocks.CharBlock(
        max_length=120, icon="title", label=_("Heading"), template="content/blocks/heading.html"
    )
    text = blocks.RichTextBlock(
        features=TEXT, icon="pilcrow", label=_("Text"), template="content/blocks/text.html"
    )
    steps = blocks.ListBlock(
        blocks.RichTextBlock(features=INLINE, label=_("step")),
        icon="list-ol",
        label=_("Steps"),
        template="content/blocks/steps.html",
    )
    checklist = blocks.ListBlock(
        blocks.RichTextBlock(features=INLINE, label=_("item")),
        icon="tasks",
        label=_("Checklist"),
        template="content/blocks/checklist.html",
    )
    callout = Callout()
    image = Picture()
