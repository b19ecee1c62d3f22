"""`python -m trainer_proc RUN_DIR` trains what `RUN_DIR/run.toml` describes.

The wire opens before anything heavy is imported, so that a dashboard sees the run and can stop it from the start.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

from trainer_proc.backends.base import BackendError
from trainer_proc.steering import LaunchValueRefused, Steering, TrainingStopped
from trainer_proc.wire.link import TrainerLink, WireUnavailable
from trainer_proc.wire.messages import RunStarted
from trainer_proc.wire.run_folder import RunFolder, RunFolderError, RunSpec


def main() -> int:
    """Train; return 0 when finished or stopped, 1 when failed, 2 when there is nothing to train."""
    if len(sys.argv) != 2:
        return _say("usage: python -m trainer_proc RUN_DIR", 2)
    folder = RunFolder(Path(sys.argv[1]))
    try:
        spec = folder.read_spec()
        link = TrainerLink(folder)
    except (RunFolderError, WireUnavailable, OSError) as error:
        return _say(str(error), 2)
    try:
        return _train(spec, folder, link)
    finally:
        link.close()


def _train(spec: RunSpec, folder: RunFolder, link: TrainerLink) -> int:
    """Build and learn; whatever happens is a phase in the journal."""
    steering = Steering(link)
    link.emit(
        RunStarted(
            run=folder.name,
            preset=spec.preset,
            backend=spec.backend,
            task=spec.task,
            device=spec.device,
            num_envs=spec.num_envs,
            iterations=spec.iterations,
            seed=spec.seed,
            pid=os.getpid(),
        )
    )
    try:
        _stop_on_signals(steering)
        _learn(spec, folder, steering, link)
    except TrainingStopped:
        steering.enter("finished", "stopped" if steering.is_iterating else "stopped before the first iteration")
    except Exception as error:
        traceback.print_exc()
        told = isinstance(error, BackendError | LaunchValueRefused)  # made for a person: no class name in front
        reason = str(error) if told else traceback.format_exception_only(error)[-1]
        steering.enter("failed", " ".join(reason.split()))
        return 1
    else:
        steering.enter("finished")
    return 0


def _learn(spec: RunSpec, folder: RunFolder, steering: Steering, link: TrainerLink) -> None:
    from trainer_proc.backends import load_backend

    steering.enter("building", f"loading {spec.backend}")
    backend = load_backend(spec.backend)
    backend.check(spec)
    backend.report_kernels(steering.kernel_module_loaded)
    steering.enter("building", f"{spec.num_envs} environments of {spec.task} on {spec.device}")
    training = backend.build(spec, folder)

    from trainer_proc.attach import attach
    from trainer_proc.export_job import ExportJobs
    from trainer_proc.policy import write_policy_description

    write_policy_description(folder, training.policy)
    exports = ExportJobs(folder, link.emit)
    attach(training.runner, steering, link.emit, exports)
    steering.offer(training.knobs, spec.set)
    try:
        # as mjlab's and Isaac Lab's own scripts do, so that episodes don't all end at the same step
        training.runner.learn(num_learning_iterations=spec.iterations, init_at_random_ep_len=True)
    finally:
        exports.wait()
        training.close()


def _stop_on_signals(steering: Steering) -> None:
    def stop(signum: int, frame: FrameType | None) -> None:
        if not steering.is_iterating:
            raise TrainingStopped
        steering.request_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _say(message: str, code: int) -> int:
    print(message, file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
