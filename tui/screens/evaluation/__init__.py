"""The evaluations of a run: which policies were evaluated, their pictures and numbers, and comparisons."""
