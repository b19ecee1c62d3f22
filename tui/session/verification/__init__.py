"""Verification of bundles: find a bundle, verify it in a process of its own, and prepare its report and figures."""
