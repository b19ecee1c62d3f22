"""Trainings as jobs of a Ray cluster, submitted to its Jobs server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.backends.environment import LaunchError
from tui.session.engines.job import EngineError, EngineSilent, Job, read_job, write_job
from tui.session.engines.jobs import JOBS, may_be_active
from tui.session.engines.ray import is_of, new_id, ray_settings
from tui.session.engines.ray_jobs import RayJobs, Unconfirmed
from tui.session.experiments.launchers.base import one_by_one
from tui.session.experiments.launchers.ray_request import job_request
from tui.session.launching.discard import discard_run
from tui.session.launching.launcher import prepare_run

_ENGINE = "ray"


class RayLauncher:
    """A `Launcher` of the cluster in the settings. Log root and program must be the same on its nodes."""

    def start(self, spec: RunSpec, log_root: Path, working_folder: Path) -> RunFolder:
        """Also raises `EngineSilent`, with nothing left, if the cluster does not answer."""
        settings = ray_settings()
        jobs = RayJobs(settings.address)
        jobs.check()
        folder, trainer = prepare_run(spec, log_root.resolve(), tcp=True)
        id = new_id(settings.address)
        request = job_request(id, folder, spec, trainer, working_folder.resolve(), settings)
        try:
            write_job(folder, Job(_ENGINE, id))  # first: the job is found whatever happens next
            jobs.submit(request)
        except Unconfirmed as error:
            raise LaunchError(f"{folder.path}: {error}") from error
        except (EngineError, OSError) as error:
            discard_run(folder)
            if isinstance(error, EngineSilent):
                raise
            raise LaunchError(str(error)) from error
        return folder

    def start_all(
        self, specs: Sequence[RunSpec], log_root: Path, working_folder: Path
    ) -> Sequence[RunFolder | UserError]:
        return one_by_one(self, specs, log_root, working_folder)

    def active(self, folders: Iterable[RunFolder]) -> set[Path]:
        jobs = [(folder, job) for folder in folders if (job := read_job(folder)) and job.engine == _ENGINE]
        try:
            address = ray_settings().address
            states = JOBS.of([folder for folder, job in jobs if is_of(job.id, address)])
        except EngineError:
            states = {}
        return {folder.path for folder, _ in jobs if may_be_active(folder, states.get(folder.path))}
