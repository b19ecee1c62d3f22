"""Webhooks that tell the user what happens to a training while no dashboard is open."""
