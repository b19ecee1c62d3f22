"""Which episodes succeed, by a preset's definition, and the share of them over the last ones."""
