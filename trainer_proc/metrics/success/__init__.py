"""What counts as success, measured per episode."""
