"""Evaluations of a run: read stored ones, start new ones, and prepare their pictures and tables."""
