"""A trainer's log of any length: pages, levels, search."""
