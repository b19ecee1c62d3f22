"""The command line's commands: every action of the screen is one of them."""
