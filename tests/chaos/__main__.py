"""Break everything many times, and print a table.

    uv run python -m tests.chaos [--share SHARE] [PART ...]

SHARE (1) multiplies all counts. Without PART, all parts run, which takes about an hour on two cores. The exit code is 1
if a part has found a problem.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.chaos import crowds, training, wire
from tests.chaos.journals import RECORDINGS, damaged, frames_of, look_at
from trainer_proc.contract.run_folder import RunFolder

_SHOWN_PROBLEMS = 5


def damaged_journals(scratch: Path, count: int, random: Random) -> list[str]:
    """Damage recorded journals, and read each as the list and the commands do."""
    recordings = ("cartpole", "g1-curricula", "g1-steered", "g1-levels", "g1-walk")
    frames = {name: frames_of(name, every=10) for name in recordings}
    problems = []
    for number, name in zip(range(count), itertools.cycle(recordings), strict=False):
        folder = RunFolder(scratch / name / "experiment" / "run")
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.spec_file.write_bytes((RECORDINGS / name / "run.toml").read_bytes())
        folder.journal.write_bytes(damaged(frames[name], random))
        try:
            look_at(folder)
        except Exception as error:  # what is searched for
            problems.append(f"journal {number} of {name}: {error!r}")
    return problems


PARTS: dict[str, tuple[str, int, Callable[[Path, int, Random], list[str]]]] = {
    "dashboards": ("dashboards killed", 100, crowds.dashboards_killed),
    "trainers": ("training processes killed", 100, wire.trainers_killed),
    "trainings": ("real trainings killed", 20, training.trainings_killed),
    "wires": ("wire processes killed", 30, wire.wires_killed),
    "disks": ("disks full", 10, wire.disks_full),
    "clocks": ("clock steps", 100, wire.clocks_stepped),
    "folders": ("moves of a run's folder", 20, lambda scratch, count, _: wire.folders_moved(scratch, count)),
    "journals": ("damaged journals", 10_000, damaged_journals),
    "messages": ("fuzzed messages", 1_000_000, wire.fuzzed_messages),
    "edits": (
        "changes by each of 3 writers",
        10_000,
        lambda scratch, count, _: wire.competing_edits(scratch, 3, count),
    ),
    "live": ("runs at once, 300 in the list", 64, lambda scratch, count, _: crowds.many_runs(scratch, count, 300)),
    "soak": ("seconds at 1 kHz", 600, lambda scratch, count, _: crowds.soak(scratch, count)),
}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break everything many times.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; all by default")
    parser.add_argument("--share", type=float, default=1.0, help="multiplies all counts (1)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (0)")
    arguments = parser.parse_args()
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"expected {', '.join(PARTS)}, got {unknown[0]}")
    has_failed = False
    say(f"{'count':>9} {'what':<36}{'problems':>9}{'seconds':>9}")
    for part in arguments.parts or PARTS:
        what, most, run = PARTS[part]
        count = max(round(most * arguments.share), 1)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                problems = run(Path(scratch), count, Random(arguments.seed))
            except AssertionError as error:  # a wait that has come to its end
                problems = [str(error)]
        say(f"{count:>9,} {what:<36}{len(problems):>9}{time.monotonic() - began:>9.0f}")
        for problem in problems[:_SHOWN_PROBLEMS]:
            say(f"{'':>10}{problem}")
        has_failed |= bool(problems)
    return has_failed


if __name__ == "__main__":
    sys.exit(main())
