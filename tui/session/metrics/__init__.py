"""What a run has measured: every point, fast to look at from any distance."""
