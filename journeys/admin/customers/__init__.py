"""Customers: the list, and one customer's way with everything that was said and not said."""

from journeys.admin.customers import accounts

__all__ = ["accounts"]
