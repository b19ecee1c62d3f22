"""One short training, a process of its own, in a folder that is removed."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.launching.launcher import start_trainer
from tui.session.launching.refusal import RefusedLaunch
from tui.session.probing.measurement import Measurement
from tui.session.probing.search import Probe

_POLL_SECONDS = 0.1
_ITERATIONS = 200
"""End of a probe that nobody waits for any more."""
_WIRE = "trainer_proc.wire.server"
_END_SECONDS = 10.0
"""Time for the wire process to see that its trainer is gone, and to remove its sockets."""


class ProbingCancelled(UserError):
    """The user has ended the search."""


def probe_spec(spec: RunSpec, num_envs: int) -> RunSpec:
    """Return the short training: the configuration of `spec` without what runs beside it or ends it."""
    return msgspec.structs.replace(
        spec,
        num_envs=num_envs,
        iterations=_ITERATIONS,
        name="",
        checkpoint="",
        parent="",
        evaluation={},
        rollouts={},
        checkpoints={},
        restart={},
        goal={},
    )


def run_probe(spec: RunSpec, num_envs: int, is_cancelled: Callable[[], bool]) -> tuple[Probe, float]:
    """Train with `num_envs` environments; return the result, and the Unix time at which the training began.

    Raises `LaunchError` if it can't be started, `RefusedLaunch` if its trainer refuses it, or `ProbingCancelled`.
    Nothing is left, whatever is raised.
    """
    with tempfile.TemporaryDirectory(prefix="humanoid-tui-probe-", ignore_cleanup_errors=True) as root:
        variables = {"TMPDIR": root}  # libraries leave their temporary files when they are killed
        folder, trainer = start_trainer(probe_spec(spec, num_envs), Path(root) / "logs", variables=variables)
        try:
            return _measure(folder, trainer, Measurement(num_envs), is_cancelled)
        finally:
            _end(trainer)


def _measure(
    folder: RunFolder, trainer: subprocess.Popen[bytes], measurement: Measurement, is_cancelled: Callable[[], bool]
) -> tuple[Probe, float]:
    journal = JournalReader(folder.journal)
    while True:
        exit_code = trainer.poll()  # before reading: it may write frames and then end
        for frame in journal.read_new():
            measurement.take(frame)
        phase, now = measurement.state.phase, time.time()
        if phase is not None and phase.refused:
            raise RefusedLaunch(phase.detail)
        result = measurement.result(now) if exit_code is None else measurement.end(exit_code)
        if result is not None:
            return result, measurement.began or now
        if is_cancelled():
            raise ProbingCancelled("the search for the number of environments was ended")
        time.sleep(_POLL_SECONDS)


def _end(trainer: subprocess.Popen[bytes]) -> None:
    """End a trainer with all its processes; its wire process ends by itself, and removes its sockets."""
    import psutil  # takes 40 ms

    family: list[Any] = []
    with suppress(psutil.NoSuchProcess):
        own = psutil.Process(trainer.pid)
        family = [*own.children(recursive=True), own]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            if _WIRE not in process.cmdline():
                process.kill()
    trainer.wait()
    for process in psutil.wait_procs(family, timeout=_END_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
