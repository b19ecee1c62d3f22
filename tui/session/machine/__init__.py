"""What the machine and a run's processes on it are at."""
