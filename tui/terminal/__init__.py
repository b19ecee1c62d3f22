"""Workarounds for Textual and for terminals: drawing, pacing, clipboard, notifications."""
