"""What the dashboard, the wire process and the trainer share: messages, knobs, journal, run folder, errors."""
