"""Presets: what to train, as TOML, one a file. Read here, by the launch screen and the command line."""
