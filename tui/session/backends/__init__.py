"""Which Python trains on which simulator, and what each has and lacks."""
