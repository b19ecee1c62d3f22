"""Export a policy: describe, write, check."""
