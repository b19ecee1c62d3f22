"""The board of charts: plans, pages, layout, reference lines and metric search."""
