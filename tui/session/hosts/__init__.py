"""Other machines: run commands there, list their runs and follow them, by OpenSSH alone."""
