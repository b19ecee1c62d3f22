"""The command line: `humanoid-tui` opens the program, `humanoid-tui COMMAND` runs one command and returns.

Exit codes: 0 done, 1 refused or failed, 2 wrong use, 128 + N after signal N. Errors are one line with what to do.
"""

from __future__ import annotations

import gc
import io
import sys

from tui.import_path import leave_working_folder_out

_ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000
"""Python's default of 700 costs 10 % of start-up and drawing time; the program creates few reference cycles."""


def main() -> None:
    """Run the command line and exit."""
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # else closed
            stream.reconfigure(errors="replace")  # a terminal in Latin-1 has no arrows
    leave_working_folder_out()
    from trainer_proc.contract.bytecode import write_no_bytecode_on_a_full_disk
    from trainer_proc.contract.own_packages import claim_own_packages

    write_no_bytecode_on_a_full_disk()
    claim_own_packages()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Return the exit code. Imports only what `arguments` need, for a fast start."""
    if arguments:
        from tui.command_group import run_command

        return run_command(arguments)
    from curricula.errors import UserError
    from tui.launch_app import open_launch_screen
    from tui.session.program_log import start_logging
    from tui.session.text import plain

    start_logging()
    try:
        open_launch_screen()
    except UserError as error:
        print(f"humanoid-tui: {plain(str(error))}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0
