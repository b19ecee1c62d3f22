"""Charts as plans: pages, lines, layout, finding metrics."""
