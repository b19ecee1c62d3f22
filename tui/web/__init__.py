"""The program in a browser; each tab runs its own process, as a terminal does."""
