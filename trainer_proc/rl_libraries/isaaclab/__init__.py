"""Isaac Lab trainings, one module per training library."""
