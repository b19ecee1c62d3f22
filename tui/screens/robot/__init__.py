"""Rollout files, played offline."""
