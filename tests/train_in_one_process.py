"""Run folders that are trained one after the other in one process, which imports the simulator once."""

from __future__ import annotations

import sys

from trainer_proc.__main__ import main

if __name__ == "__main__":
    for folder in sys.argv[1:]:
        sys.argv = [sys.argv[0], folder]
        main()
