"""What an export is made of: the policy's description and its card, shared by exporter, verification and runner."""
