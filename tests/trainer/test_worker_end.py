"""The end of a worker's process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from curricula.errors import UserError

PROGRAM = """
import sys
import msgspec
from curricula.errors import UserError
from trainer_proc.contract.worker import Worker
from trainer_proc.contract.worker_main import at_end, run_worker

class Asked(msgspec.Struct):
    fails: bool

class Done(msgspec.Struct, tag=True):
    pass

def work(asked, report):
    at_end.callback(print, "removed", file=sys.stderr)
    if asked.fails:
        raise UserError("no such policy")
    return Done()

run_worker(Worker("worker", "work", Done), Asked, work)
"""


@pytest.mark.parametrize(("asked", "code"), [('{"fails": false}', 0), ('{"fails": true}', UserError.exit_code)])
def test_what_a_worker_has_made_for_itself_is_removed(asked, code):
    ended = subprocess.run([sys.executable, "-c", PROGRAM, asked], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (code, "removed\n")
