"""A robot on the screen."""
