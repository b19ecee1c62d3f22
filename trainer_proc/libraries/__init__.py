"""Training libraries beside rsl-rl: each module makes one look like rsl-rl's runner to the rest of the trainer."""
