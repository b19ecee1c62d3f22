"""What was done to a training: as text, as marks, as a list."""
