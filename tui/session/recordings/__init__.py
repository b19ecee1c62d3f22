"""A run's interventions as steps that can be played again, and as presets."""
