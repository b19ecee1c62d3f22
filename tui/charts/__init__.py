"""Charts without a screen: axes, braille, traces, views and exported files; loads no Textual."""
