"""Publishes how a training begins and ends, for this program's trainer and for users' scripts."""

from __future__ import annotations

import os
import re
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from trainer_proc.contract.errors import LaunchRefused, TrainingError
from trainer_proc.contract.messages import RunStarted
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.simulators.distributed import process_rank
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import TrainingStopped


def run_started(folder: RunFolder, spec: RunSpec) -> RunStarted:
    """Return the first frame of this process."""
    return RunStarted(
        run=folder.name,
        preset=spec.preset,
        backend=spec.backend,
        task=spec.task,
        device=spec.device,
        num_envs=spec.num_envs,
        iterations=spec.iterations,
        seed=spec.seed,
        pid=os.getpid(),
        parent=spec.parent,
        success=spec.success,
        curricula=spec.curricula,
        goal=spec.goal,
    )


def run_and_report(steering: Steering, work: Callable[[], None]) -> None:
    """Run `work` and publish how it ended. A stop, by request or signal, counts as finished.

    Raises everything else that `work` raises.
    """
    try:
        with _stop_on_signals(steering):
            work()
    except TrainingStopped:
        _report_stop(steering)
    except BaseException as error:
        if steering.was_asked_to_stop and not steering.is_iterating:  # a library replaced our exception
            _report_stop(steering)
            return
        steering.enter("failed", _reason(error), refused=isinstance(error, LaunchRefused))
        raise
    else:
        steering.enter("finished")


def _reason(error: BaseException) -> str:
    text = str(error) if isinstance(error, TrainingError) else traceback.format_exception_only(error)[-1]
    text = " ".join(text.split())
    is_of_ranks = int(os.environ.get("WORLD_SIZE", "1")) > 1 and _LOST_RANK.search(text)
    return f"another rank has ended, see the end of console.log; {text}" if is_of_ranks else text


_LOST_RANK = re.compile("gloo.*((closed|reset) by peer|Broken pipe)|remote process exited")
"""What gloo and NCCL say of a rank that is gone."""


def _report_stop(steering: Steering) -> None:
    stopped = "stopped" if steering.is_iterating else "stopped before the first iteration"
    steering.enter("finished", steering.reached or stopped)


def end_other_ranks(steering: Steering) -> None:
    """Have the parent `torchrun` end ranks that still build: a stop during the build reaches rank 0 only."""
    is_launched = "TORCHELASTIC_RUN_ID" in os.environ and os.getppid() == _PARENT
    if is_launched and not process_rank() and not steering.is_iterating:
        os.kill(_PARENT, signal.SIGTERM)


_PARENT = os.getppid()
"""Process that has started this one; once that is gone, its place is taken by one that must not be ended."""


@contextmanager
def _stop_on_signals(steering: Steering) -> Iterator[None]:
    """Make SIGTERM and the first Ctrl+C stop at the next boundary, with a checkpoint; a second Ctrl+C interrupts.

    A script's own handlers are left alone. Outside of the main thread, no handlers are set.
    """
    defaults = (signal.SIG_DFL, signal.default_int_handler)
    numbers = [number for number in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(number) in defaults]
    if threading.current_thread() is not threading.main_thread():
        numbers = []

    def stop(signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        steering.request_stop()
        if not steering.is_iterating:
            raise TrainingStopped

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
