"""Videos: frames of a rollout, rendered by MuJoCo in a process of its own."""
