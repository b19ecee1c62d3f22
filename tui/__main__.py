"""`python -m tui` is `humanoid-tui`."""

from tui.cli import main

main()
