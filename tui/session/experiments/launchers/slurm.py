"""Trainings as jobs of Slurm: a script in each run's folder, submitted by `sbatch`; several as one array of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.backends.environment import LaunchError
from tui.session.engines.job import EngineError, EngineSilent, Job, read_job, write_job
from tui.session.engines.jobs import JOBS, may_be_active
from tui.session.engines.slurm import Slurm, check_installed
from tui.session.experiments.launchers.slurm_script import SCRIPT, array_script, job_script
from tui.session.launching.discard import discard_run
from tui.session.launching.launcher import prepare_run
from tui.session.settings.config import SettingsError, read_config

_ENGINE = "slurm"


class SlurmLauncher:
    """A `Launcher` of the cluster of this machine. Log root and program must be the same on its nodes."""

    def start(self, spec: RunSpec, log_root: Path, working_folder: Path) -> RunFolder:
        """Also raises `EngineSilent`, with nothing left, if the cluster does not answer."""
        lines = _lines()
        folder = _prepare(spec, log_root, working_folder, lines)
        with _nothing_left_if_refused([folder]):
            write_job(folder, Job(_ENGINE, Slurm().submit(folder.path / SCRIPT)))
        return folder

    def start_all(
        self, specs: Sequence[RunSpec], log_root: Path, working_folder: Path
    ) -> Sequence[RunFolder | UserError]:
        """Submit runs as one array of jobs, each of which executes the script of its run."""
        if len(specs) == 1:
            try:
                return [self.start(specs[0], log_root, working_folder)]
            except EngineSilent:
                raise
            except UserError as error:
                return [error]
        try:
            lines = _lines()
        except LaunchError as error:
            return [error] * len(specs)
        prepared: list[RunFolder | UserError] = []
        for spec in specs:
            try:
                prepared.append(_prepare(spec, log_root, working_folder, lines))
            except UserError as error:
                prepared.append(error)
        folders = [one for one in prepared if isinstance(one, RunFolder)]
        try:
            _submit_array(folders, specs[0], lines)
        except EngineSilent:
            raise
        except LaunchError as error:
            return [error if isinstance(one, RunFolder) else one for one in prepared]
        return prepared

    def active(self, folders: Iterable[RunFolder]) -> set[Path]:
        own = [folder for folder in folders if (job := read_job(folder)) and job.engine == _ENGINE]
        try:
            states = JOBS.of(own)
        except EngineError:
            states = {}
        return {folder.path for folder in own if may_be_active(folder, states.get(folder.path))}


def _lines() -> list[str]:
    """Return the further options of all jobs. Raises `LaunchError`, also if no job can be submitted here."""
    try:
        check_installed()
        return read_config().engines.slurm.lines
    except (EngineError, SettingsError) as error:
        raise LaunchError(str(error)) from error


def _prepare(spec: RunSpec, log_root: Path, working_folder: Path, lines: Sequence[str]) -> RunFolder:
    """Create a run's folder with its script. Raises `LaunchError`."""
    folder, trainer = prepare_run(spec, log_root.resolve(), tcp=True)
    with _nothing_left_if_refused([folder]):
        (folder.path / SCRIPT).write_text(job_script(folder, spec, trainer, working_folder.resolve(), lines))
    return folder


def _submit_array(folders: Sequence[RunFolder], spec: RunSpec, lines: Sequence[str]) -> None:
    """Submit prepared runs, whose resources are those of `spec`. Raises `LaunchError` or `EngineSilent`."""
    if not folders:
        return
    script = folders[0].path.parent / f"slurm_array_{folders[0].name}.sh"
    with _nothing_left_if_refused(folders, script):
        script.write_text(array_script(folders, spec, lines))
        id = Slurm().submit(script)
        for number, folder in enumerate(folders):
            write_job(folder, Job(_ENGINE, f"{id}_{number}"))


@contextmanager
def _nothing_left_if_refused(folders: Iterable[RunFolder], script: Path | None = None) -> Iterator[None]:
    """Remove what was prepared if it can't be submitted. Raises `LaunchError` or `EngineSilent`."""
    try:
        yield
    except (UserError, OSError) as error:
        if script is not None:
            script.unlink(missing_ok=True)
        for folder in folders:
            discard_run(folder)
        if isinstance(error, EngineSilent):
            raise
        raise LaunchError(str(error)) from error
