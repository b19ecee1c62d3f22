"""Damage of every kind; short as tests, at full length by `python -m tests.chaos`."""
