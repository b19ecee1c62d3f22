"""Key bindings: catalogue, the keys of a screen, the command palette."""
