"""`code`: the code that a run was started with, or what two runs differ in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.runs.code_changes import RunCode, commit_difference, read_run_code
from tui.session.runs.code_text import code_lines
from tui.session.runs.run_index import find_run


@click.command("code")
@click.argument("run")
@click.argument("other", required=False)
@logs_option
@json_option
def code_command(run: str, other: str | None, log_root: Path, as_json: bool) -> None:
    """Print the code that a run was started with: commit and uncommitted changes.

    With OTHER, print the differences from RUN to OTHER. Differences of commits come from the repository of this folder.
    """
    folders = [find_run(name, log_root) for name in (run, other) if name is not None]
    for folder in folders:
        folder.read_spec()
    codes = [read_run_code(folder) for folder in folders]
    if as_json:
        show_result("", _record(folders, codes), as_json)
    else:
        show_result("\n".join(line.text for line in code_lines(codes)), None, as_json)


def _record(folders: list[RunFolder], codes: list[RunCode]) -> dict[str, Any]:
    runs = [_run_record(folder, code) for folder, code in zip(folders, codes, strict=True)]
    if len(runs) == 1:
        return runs[0]
    first, second = (code.commit for code in codes)
    found = commit_difference(first, second) if first and second else None
    return {"runs": runs, "commits": found}


def _run_record(folder: RunFolder, code: RunCode) -> dict[str, Any]:
    return {
        "run": str(folder.path),
        "code": code.state and {field: getattr(code.state, field) for field in code.state.__struct_fields__},
        "diff": code.diff,
        "problem": code.problem,
        "by_library": [{"repository": name, "commit": commit, "diff": diff} for name, commit, diff in code.by_library],
    }
