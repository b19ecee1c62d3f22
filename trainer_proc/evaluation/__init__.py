"""Evaluate a policy on its run's own task, without exploration noise, in a process of its own."""
