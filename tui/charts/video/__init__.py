"""Pictures and films of rollouts."""
