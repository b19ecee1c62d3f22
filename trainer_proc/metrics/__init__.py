"""Metrics of a training: the stream, PPO diagnostics, success, terrain."""
