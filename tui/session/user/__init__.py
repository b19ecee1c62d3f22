"""The person's own settings and keys, and what they are told."""
