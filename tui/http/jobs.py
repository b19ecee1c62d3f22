"""Jobs: the runs of a log folder, and the start of new ones."""

from __future__ import annotations

import subprocess
import threading
from collections import OrderedDict
from pathlib import Path
from urllib.parse import quote

import msgspec

from presets import list_presets
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.errors import JournalUnreadable
from trainer_proc.contract.run_folder import RunFolder
from tui.http.idempotency import Keys
from tui.http.messages import POLICY_TYPES, Job, Jobs, Launch, Page, Tasks
from tui.http.refusals import Invalid, NotFound, Refusal
from tui.session.backends.devices import list_devices
from tui.session.background import BackgroundThread
from tui.session.launching.launcher import Overrides, make_spec, start_trainer
from tui.session.launching.refusal import RefusedLaunch, discard_if_refused
from tui.session.launching.task_names import preset_named, task_names
from tui.session.runs.iterations import iteration_record
from tui.session.runs.run_index import read_run, read_state, run_folders
from tui.session.runs.run_list import ENDED

PATH = "/reinforcement-learning"
_MOST_REFUSED = 1000
"""Refused launches that are remembered; a refused launch leaves no run."""


class JobList:
    """All jobs of a log folder; methods block, and may be called from any thread."""

    def __init__(self, log_root: Path, most_live: int) -> None:
        """Start no training while `most_live` of the folder are live."""
        self._log_root = log_root
        self._most_live = most_live
        self._keys = Keys(log_root)
        self._starting = threading.Lock()
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._refused: OrderedDict[str, str] = OrderedDict()

    def start(self, launch: Launch, body: bytes, key: str | None) -> str:
        """Start a training and return its job id; nothing if `key` has started one. Raises `UserError`."""
        with self._starting:
            try:
                if key is not None and (known := self._keys.begin(key, body)):
                    return known
            except OSError as error:
                raise Refusal(f"the Idempotency-Key can't be kept: {error}") from error
            try:
                folder = self._start(launch)
            except BaseException:
                if key is not None:
                    self._keys.forget(key)
                raise
            if key is not None:
                self._keys.finish(key, body, job_id_of(folder))
            return job_id_of(folder)

    def find(self, job_id: str) -> RunFolder:
        """Return the run of a job. Raises `NotFound`."""
        for folder in run_folders(self._log_root):
            if job_id_of(folder) == job_id:
                return folder
        raise NotFound(f"no such job: {job_id}; GET {PATH} lists them")

    def describe(self, job_id: str, address: str) -> Job:
        """Return a job; links begin with the server's `address`. Raises `NotFound`."""
        if job_id in self._refused:
            link = f"{address}{link_of(job_id)}/log"
            return Job(job_id, "refused", None, link, reason=self._refused[job_id])
        return describe(self.find(job_id), address)

    def page(self, page: Page, address: str) -> Jobs:
        """Return a part of the list, newest first."""
        folders = run_folders(self._log_root)
        chosen = folders[page.offset : page.offset + page.limit]
        return Jobs(len(folders), page.offset, tuple(describe(folder, address) for folder in chosen))

    def is_starting(self, folder: RunFolder) -> bool:
        """Return whether a trainer was started here and has not opened its run yet."""
        process = self._started.get(job_id_of(folder))
        return process is not None and process.poll() is None and not is_live(folder)

    def _start(self, launch: Launch) -> RunFolder:
        if launch.policy_type.upper() not in POLICY_TYPES:
            raise Invalid(f"expected policy_type {' or '.join(POLICY_TYPES)}, got {launch.policy_type}", POLICY_TYPES)
        preset = preset_named(launch.task, list_presets()[0])
        overrides = Overrides(
            num_envs=launch.num_envs,
            iterations=launch.num_iterations,
            device=launch.device,
            seed=launch.seed,
            name=launch.name,
            set=launch.set,
        )
        spec = make_spec(preset, overrides, list_devices())
        live = sum(is_live(folder) or self.is_starting(folder) for folder in run_folders(self._log_root))
        if live >= self._most_live:
            raise Refusal(f"{live} trainings run, which is the limit of this server (--most {self._most_live})")
        folder, trainer = start_trainer(spec, self._log_root)
        self._started[job_id_of(folder)] = trainer
        BackgroundThread("waiting for a training", lambda: self._wait(folder, trainer), lambda problem: None).start()
        return folder

    def _wait(self, folder: RunFolder, trainer: subprocess.Popen[bytes]) -> None:
        """Wait for the trainer's end; keep the reason of a refused launch, whose folder is removed."""
        trainer.wait()
        job_id = job_id_of(folder)
        try:
            discard_if_refused(folder, read_state(folder))
        except RefusedLaunch as refused:
            self._refused[job_id] = str(refused)
            if len(self._refused) > _MOST_REFUSED:
                self._refused.popitem(last=False)
        except (JournalUnreadable, OSError):  # deleted meanwhile, or damaged
            pass
        finally:
            del self._started[job_id]


def tasks() -> Tasks:
    """Return the names that a launch accepts."""
    return Tasks(task_names(list_presets()[0]))


def job_id_of(folder: RunFolder) -> str:
    """Return the id of a run: no two runs of a log folder share it, and it is no path."""
    return f"{folder.path.parent.name}:{folder.name}"


def link_of(job_id: str) -> str:
    """Return the path of a job."""
    return f"{PATH}/{quote(job_id, safe=':', errors='surrogateescape')}"


def describe(folder: RunFolder, address: str) -> Job:
    """Return the job of a run; one that can't be read has a `reason`."""
    snapshot = read_run(folder)
    summary, state = snapshot.summary(), snapshot.journal.state
    job_id = job_id_of(folder)
    job = Job(
        job_id=job_id,
        status=summary.status,
        estimated_completion_hours=None,
        log_link=f"{address}{link_of(job_id)}/log",
        run=f"{folder.path.parent.name}/{folder.name}",
        reason=summary.problem or summary.reason,
    )
    if summary.spec is None:
        return job
    is_known = summary.iteration is not None and summary.status not in (*ENDED, "stopping")
    return msgspec.structs.replace(
        job,
        estimated_completion_hours=max(state.seconds_left, 0.0) / 3600 if is_known else None,
        preset=summary.spec.preset,
        task=summary.spec.task,
        device=summary.spec.device,
        iteration=iteration_record(summary.iteration)["iteration"],
        num_iterations=summary.iterations,
        reward=summary.reward,
        success=summary.success,
        seconds=summary.seconds,
        tracker_link="" if state.tracker is None else state.tracker.link,
    )
