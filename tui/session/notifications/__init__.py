"""Notifications: what is shown in passing, and how."""
