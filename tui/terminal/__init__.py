"""Workarounds for Textual 8.2.8 and for terminals; each module names the upstream behaviour that it replaces."""
