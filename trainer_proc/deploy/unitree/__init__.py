"""Unitree's robots of the `hg` series (G1, H1-2) by the messages of their SDK 2, without the SDK."""
