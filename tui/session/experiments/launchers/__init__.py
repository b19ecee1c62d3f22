"""Launchers: where a queue starts its trainings, one module a kind."""
