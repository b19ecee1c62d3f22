"""The dashboard of one run."""
