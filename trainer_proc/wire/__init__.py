"""The wire process: journals and publishes the trainer's frames, and answers requests."""
