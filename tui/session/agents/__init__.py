"""What agents may do with runs, and how the user confirms it."""
