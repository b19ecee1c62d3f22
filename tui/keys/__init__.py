"""Key actions: the catalogue of all keys, and the command palette."""
