"""The program's screens, each with its layout in a file beside it."""
