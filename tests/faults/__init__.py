"""Kill senders at every point of their way and count what arrived: `pytest -m faults`."""
