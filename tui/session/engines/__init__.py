"""Engines: programs that place trainings on the machines of a cluster. What they know of a run's job."""
