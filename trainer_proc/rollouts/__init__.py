"""Rollouts: what one policy does on its run's own task, recorded in a process of its own."""
