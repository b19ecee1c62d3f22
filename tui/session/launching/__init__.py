"""Starting trainings: from presets, typed values and checkpoints."""
