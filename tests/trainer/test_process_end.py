"""The end of the trainer's process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import atexit, os
from trainer_proc.training.process_end import ProcessEnd

class Library:
    def __del__(self):
        os._exit(99)  # as if taking it down crashed

process_end, library = ProcessEnd(), Library()
atexit.register(print, "uploaded")
process_end.status = 3
"""


def test_exit_hooks_run_and_no_library_is_taken_down():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (3, "uploaded\n")
