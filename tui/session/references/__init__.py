"""Reference curves of a preset: made from recorded runs, drawn behind a run's own, and used for its remaining time."""
