"""Launch a training."""
