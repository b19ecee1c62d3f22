"""Replay a bundle's golden trace through the runner's code, boundary by boundary, and name what differs."""
