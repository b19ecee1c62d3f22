"""Training libraries other than rsl-rl, in the shape of its runner."""
