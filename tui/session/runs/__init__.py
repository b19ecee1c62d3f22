"""Runs on disk: find, list, compare and delete them."""
