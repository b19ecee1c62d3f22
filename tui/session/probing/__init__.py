"""Find the number of environments that trains fastest, by short trainings."""
