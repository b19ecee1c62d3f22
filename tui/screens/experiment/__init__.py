"""The screen of an experiment."""
