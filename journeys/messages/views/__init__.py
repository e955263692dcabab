"""The doors under /m/: links of letters, stopping, preferences. A GET or HEAD changes nothing (I25)."""
