"""Policy export by a run's live trainer, or from a checkpoint, and in the formats of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event

from trainer_proc.contract.bundle.formats import FORMATS_WORKER, FormatsRequest, FormatsWritten
from trainer_proc.contract.export_process import ExportError, run_export
from trainer_proc.contract.products import ExportFailed, ExportFinished
from trainer_proc.contract.requests import Export, Refused
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.environment import BackendMissing, LaunchError, isaaclab_python
from tui.session.backends.named_code import check_code_of_export
from tui.session.backends.work import OWN_PYTHON, do_work
from tui.session.follow import Follower
from tui.session.trainer_request import TrainerUnreachable, ask


def export_live(folder: RunFolder) -> ExportFinished:
    """Request an export of the current policy and wait for it.

    Raises `ExportError` or `TrainerUnreachable`. Takes some seconds; not for event loops.
    """
    with Follower(folder) as follower:
        seen = [frame.number for frame in follower.poll(0.0)]
        newest = seen[-1] if seen else -1
        reply = ask(folder, Export())
        if isinstance(reply, Refused):
            raise ExportError(reply.reason)
        while True:
            frames = follower.poll(1.0)
            for frame in frames:
                if frame.number > newest and isinstance(frame.body, ExportFailed):
                    raise ExportError(frame.body.reason)
                if frame.number > newest and isinstance(frame.body, ExportFinished):
                    return frame.body
            if not frames and not follower.is_live:
                raise TrainerUnreachable(
                    f"the trainer of {folder.name} ended before the export", hint="add --checkpoint"
                )


def export_checkpoint(folder: RunFolder, checkpoint: Path) -> ExportFinished:
    """Export `checkpoint` in the Python that trained it if it is known, else in the dashboard's.

    Raises `ExportError`, `RunFolderError` or `LaunchError`. Takes some seconds; not for event loops.
    """
    spec = folder.read_spec()
    folder.check_inside(folder.exported)
    check_code_of_export(folder)
    if spec.backend == "isaaclab":
        try:
            python = isaaclab_python()
        except BackendMissing:  # trained on another machine
            return run_export(folder, checkpoint, log=None)
        except LaunchError as error:
            raise ExportError(str(error)) from error
        return run_export(folder, checkpoint, None, python.command, python.variables)
    return run_export(folder, checkpoint, log=None)


def write_formats(bundle: Path, formats: Sequence[str]) -> FormatsWritten:
    """Write an exported policy in formats of other programs, into its folder.

    Raises `WorkerError`. Takes about a second; not for event loops.
    """
    request = FormatsRequest(bundle=str(bundle.resolve()), formats=tuple(formats))
    return do_work(FORMATS_WORKER, request, OWN_PYTHON, lambda progress: None, Event())
