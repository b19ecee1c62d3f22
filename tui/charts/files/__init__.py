"""Charts as SVG, PNG and CSV files."""
