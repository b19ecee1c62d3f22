"""User settings and keys."""
