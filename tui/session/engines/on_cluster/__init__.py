"""Programs for the Python of a cluster. They import nothing of this one, and no module beside them hides another."""
