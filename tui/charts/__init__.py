"""Charts without a screen: axes, braille, traces, views, and files."""
