"""Doors of the demo and of development. Every view answers 404 outside DEBUG."""

from __future__ import annotations

from django.urls import path

from config.dev import mail, pages, product

urlpatterns = [
    path("", pages.front, name="demo"),
    path("login/<str:who>/", pages.sign_in, name="demo_sign_in"),
    path("next-slot/", pages.to_next_slot, name="demo_next"),
    path("mail/", mail.inbox, name="captured_mail"),
    path("mail/<slug:name>/", mail.letter, name="captured_letter"),
    path("mail/<slug:name>/html/", mail.letter_html, name="captured_html"),
    path("product/", product.product, name="demo_product"),
    path("product/<path:page>", product.product, name="demo_product_page"),
]
