"""Build, attach to and run a training."""
