"""Drive curricula during training."""
