"""Compare runs on shared charts."""
