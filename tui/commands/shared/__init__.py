"""What several commands share: output, options, requests to a trainer."""
