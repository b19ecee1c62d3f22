"""Load of the machine, and of a run's processes on it."""
