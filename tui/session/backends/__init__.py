"""Python interpreters that train on each simulator, with installed and missing packages."""
