"""The program in a browser: each tab is a process of its own, as a terminal would be."""
