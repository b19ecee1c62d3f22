"""Widgets shared by screens. They hold no logic that a test without a screen could test."""
