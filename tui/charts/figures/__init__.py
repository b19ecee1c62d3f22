"""Draw the figures of evaluations as cells."""
