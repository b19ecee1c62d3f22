"""A run's curricula as its trainer has them now."""
