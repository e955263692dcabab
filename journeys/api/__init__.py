"""The HTTP doors of contracts 4: facts in, health out."""
