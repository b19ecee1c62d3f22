"""Policies of each training library: describe the live one, rebuild it from a checkpoint without an environment."""
