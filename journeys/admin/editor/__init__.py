"""Writing journeys, lifecycles and templates: a draft that is always kept, and its publishing."""
