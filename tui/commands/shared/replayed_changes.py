"""Ask whether a continued run gets the changes that its checkpoint lacks."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from trainer_proc.contract.run_folder import RunSpec
from tui.commands.shared.output import ask, say
from tui.session.launching.changes_after import ChangesAfter


def with_changes(spec: RunSpec, changes: ChangesAfter, replay: bool | None, may_ask: bool) -> RunSpec:
    """Return the spec with the changes if `replay` is true, or if the user wants them; list them on standard error.

    Without a terminal, or with `may_ask` false, None is no.
    """
    if not changes.lines:
        return spec
    say(changes.listed(Path(spec.checkpoint)), err=True)
    if replay is None and may_ask and sys.stdin.isatty():
        replay = ask("Make them again before the first iteration?", default=True, err=True)
    elif replay is None:
        say("  not made again: add --replay for that", err=True)
    return msgspec.structs.replace(spec, set=spec.set | dict(changes.values)) if replay else spec
