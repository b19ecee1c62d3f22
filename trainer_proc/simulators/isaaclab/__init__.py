"""Isaac Lab 3."""
