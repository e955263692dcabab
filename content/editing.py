"""Who may write: every group that may enter the editors' rooms may edit and publish there."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

ON_PAGES = ("add_page", "change_page", "publish_page")
ON_FILES = (
    "add_image",
    "change_image",
    "choose_image",
    "add_document",
    "change_document",
    "choose_document",
)


def let_editors_write(root: Page) -> int:
    """Give these groups the pages below `root` and the pictures and files; how many groups."""
    groups = list(Group.objects.filter(permissions__codename="access_admin").distinct())
    on_pages = Permission.objects.filter(
        content_type__app_label="wagtailcore", codename__in=ON_PAGES
    )
    on_files = Permission.objects.filter(
        content_type__app_label__in=("wagtailimages", "wagtaildocs"), codename__in=ON_FILES
    )
    files = Collection.get_first_root_node() or Collection.add_root(name="Root")
    for group in groups:
        for permission in on_pages:
            GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
        for permission in on_files:
            GroupCollectionPermission.objects.get_or_create(
                group=group, collection=files, permission=permission
            )
    return len(groups)
