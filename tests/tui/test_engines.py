"""Resources and jobs of engines, without an engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from curricula.errors import UsageError
from curricula.schema import SchemaError
from tests.tui.queued import FINISHED, SPEC, write_frames
from tests.waiting import wait_for
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.environment import LaunchError
from tui.session.engines.job import EngineError, Job, JobState, read_job, write_job
from tui.session.engines.jobs import JobStates
from tui.session.engines.registry import REGISTERED
from tui.session.engines.resources import engine_of, engine_table, read_resources
from tui.session.engines.slurm import parse_states
from tui.session.experiments.launchers.every import EveryLauncher
from tui.session.experiments.launchers.slurm import SlurmLauncher
from tui.session.experiments.launchers.slurm_script import array_script, job_script
from tui.session.launching.launcher import TrainerCommand
from tui.session.launching.spec_checks import SpecError, check_device, checked_spec, engine_devices
from tui.session.settings.engines import RESOURCES, Engines, SlurmSettings
from tui.session.state import RunState
from tui.session.status_text import progress

TRAINER = """
import os, signal, sys
def stop(number, frame):
    print("stopped", file=told, flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
told = open(sys.argv[1], "a")
print("restarted", os.environ.get("HUMANOID_TUI_RESTARTED"), file=told, flush=True)
signal.pause()
"""
SETTINGS = Engines(slurm=SlurmSettings(partition="long", gpus=4, lines=["--qos=high"]))


class Listed:
    """A list of jobs that holds what a test says."""

    title = "Slurm"
    most_waiting = 1000

    def __init__(self):
        self.jobs = {"1": JobState("waiting", "Resources"), "2": JobState("running", "RUNNING")}
        self.questions = 0

    def states(self, ids):
        self.questions += 1
        if not self.jobs:
            raise EngineError("Slurm's squeue refuses: down")
        return self.jobs

    def cancel(self, id):
        del self.jobs[id]


@pytest.fixture
def listed():
    return Listed()


def test_every_engine_has_resources_settings_a_queue_and_a_launcher():
    assert list(REGISTERED) == list(RESOURCES) == list(Engines.__struct_fields__)
    assert EveryLauncher().active([]) == set()  # all launchers can be made


def test_options_replace_the_settings_and_further_lines_stay_in_them():
    table = engine_table("slurm", ["gpus=1", "time=30"], SETTINGS)
    assert table == {"name": "slurm", "partition": "long", "gpus": 1, "time": "30"}
    assert [device.name for device in engine_devices(table)] == ["cuda:0"]
    assert engine_table("local", [], SETTINGS, device="cpu") == {}


def test_the_cpu_as_device_asks_for_no_gpu_unless_a_resource_does():
    table = engine_table("slurm", [], SETTINGS, device="cpu")
    assert [device.name for device in engine_devices(table)] == ["cpu"]
    assert engine_table("slurm", ["gpus=2"], SETTINGS, device="cpu")["gpus"] == 2


@pytest.mark.parametrize(
    ("option", "line"),
    [("gpu=1", "got gpu=1; nearest: gpus"), ("lines=-J x", "expected --resource NAME=VALUE"), ("gpus", "got gpus")],
)
def test_an_unknown_resource_is_refused(option, line):
    with pytest.raises(UsageError, match=line):
        engine_table("slurm", [option], SETTINGS)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"name": "slurm", "time": "1\n#SBATCH --wrap=id"}, r"engine.time: expected a text without blanks"),
        ({"name": "slurm", "time": "1\n"}, r"engine.time: expected a text without blanks"),
        ({"name": "slurm", "gpus": -1}, r"engine.gpus: expected a whole number from 0 to 10000, got -1"),
        ({"name": "cron"}, r"engine.name: expected slurm.*, got 'cron'"),
        ({"gpus": 1}, r"engine.name: expected slurm.*, got ''"),
    ],
)
def test_a_table_of_anybody_can_hold_no_option(table, line):
    with pytest.raises(SchemaError, match=line):
        read_resources(table)
    with pytest.raises(SpecError, match=line):
        checked_spec(replace(SPEC, engine=table))


def test_devices_of_the_job_count_and_none_of_this_machine():
    spec = replace(SPEC, engine={"name": "slurm", "gpus": 2}, device="cuda:0")
    check_device(spec, [])
    with pytest.raises(SpecError, match="the job has cuda:0, cuda:1, not 3 processes on cuda:0: ask for more"):
        check_device(replace(spec, processes=3), [])
    with pytest.raises(SpecError, match="the job has cuda:0, cuda:1, not cpu: ask for --resource gpus=0"):
        check_device(replace(spec, device="cpu"), [])


def test_the_script_can_be_read_and_quotes_paths(tmp_path):
    folder = RunFolder(tmp_path / "a b" / "run")
    spec = replace(SPEC, engine={"name": "slurm", "gpus": 2, "time": "4:00:00"}, name="first")
    command = TrainerCommand(["/opt/my python"], ["-m", "trainer_proc"], {"PYTHONUNBUFFERED": "1"})
    lines = job_script(folder, spec, command, Path("/my work"), ["--qos=high"]).splitlines()
    assert f'#SBATCH --output="{folder.console}"' in lines
    assert {"#SBATCH --time=4:00:00", "#SBATCH --gpus-per-node=2", "#SBATCH --qos=high"} < {*lines}
    assert "cd '/my work'" in lines
    assert "'/opt/my python' -m trainer_proc &" in lines


@pytest.mark.parametrize(("checkpoint", "restarted"), [("", "None"), ("model_50.pt", "2")])
def test_a_script_continues_from_a_checkpoint_and_requeues_itself_after_a_stop(tmp_path, checkpoint, restarted):
    folder, told, commands = RunFolder(tmp_path / "a run"), tmp_path / "told", tmp_path / "commands"
    for path in (folder.path, commands):
        path.mkdir()
    (folder.path / (checkpoint or "other")).touch()
    (commands / "scontrol").write_text(f"#!/bin/sh\necho $@ >> {told}\n")
    (commands / "scontrol").chmod(0o755)
    command = TrainerCommand([sys.executable], ["-c", TRAINER, str(told)], {})
    script = job_script(folder, replace(SPEC, engine={"name": "slurm"}), command, tmp_path, [])
    slurm = {"SLURM_JOB_ID": "4711", "SLURM_RESTART_COUNT": "2", "PATH": f"{commands}:{os.environ['PATH']}"}
    job = subprocess.Popen(["bash", "-c", script], env={**os.environ, **slurm})
    wait_for(lambda: told.exists() and told.read_text(), "the trainer")
    job.send_signal(signal.SIGUSR1)
    job.wait()
    assert told.read_text().splitlines() == [f"restarted {restarted}", "stopped", "requeue 4711"]


def test_states_of_squeue_and_sacct_are_read():
    table = (
        "1|PENDING|Resources\n2|RUNNING|None\n3_1|PENDING|None\n4|CANCELLED by 0|None\n5|NODE_FAIL|x\n6|TIMEOUT|y\n\n"
    )
    assert parse_states(table) == {
        "1": JobState("waiting", "Resources"),
        "2": JobState("running", "RUNNING"),
        "3_1": JobState("waiting"),
        "4": JobState("cancelled", "CANCELLED"),
        "5": JobState("lost", "NODE_FAIL"),
        "6": JobState("failed", "TIMEOUT"),
    }


def test_one_question_serves_all_runs_for_a_moment(make_run, listed):
    now = [0.0]
    jobs = JobStates({"slurm": listed}, lambda: now[0])
    runs = [make_run(f"2026-01-01_00-00-00_{id}") for id in "12"]
    for id, run in zip("12", runs, strict=True):
        write_job(run, Job("slurm", id))
    assert [jobs.text(run) for run in runs] == ["waits in Slurm, job 1, reason Resources", "runs in Slurm, job 2"]
    assert listed.questions == 1
    listed.jobs = {"1": JobState("running", "RUNNING")}
    now[0] = 5.0
    assert [jobs.text(run) for run in runs] == [
        "runs in Slurm, job 1",
        "ended in Slurm, job 2, reason unknown to the engine",
    ]
    listed.jobs, questions = {}, listed.questions
    now[0] = 10.0
    assert [jobs.text(run) for run in (runs[0], runs[0])] == ["Slurm, job 1: Slurm's squeue refuses: down"] * 2
    assert listed.questions == questions + 1  # that took long: it is not asked again at once
    listed.jobs = {"1": JobState("waiting")}
    now[0] = 40.0
    assert jobs.text(runs[0]) == "waits in Slurm, job 1"


def test_the_dashboard_shows_where_a_run_waits_also_before_it_continues():
    state = RunState(waiting="waits in Slurm, job 1, reason Resources")
    assert progress(state, is_alive=False, bar_width=10) == "… waiting  waits in Slurm, job 1, reason Resources"
    state.phase = PhaseChanged("finished", "stopped")
    assert progress(state, is_alive=False, bar_width=10) == "… waiting  waits in Slurm, job 1, reason Resources"
    assert state.status(is_alive=True) == "stopped"


def test_an_array_executes_the_script_of_each_run(tmp_path):
    folders = [RunFolder(tmp_path / "sweep" / name) for name in ("a", "b c")]
    script = array_script(folders, replace(SPEC, engine={"name": "slurm", "gpus": 2}), ["--qos=high"])
    lines = script.splitlines()
    assert {"#SBATCH --array=0-1", "#SBATCH --gpus-per-node=2", "#SBATCH --qos=high"} < {*lines}
    runs = lines[lines.index("runs=(") + 1 : lines.index(")")]
    assert runs == [f"  {tmp_path}/sweep/a", f"  '{tmp_path}/sweep/b c'"]
    for folder in folders:
        folder.path.mkdir(parents=True)
        (folder.path / "slurm.sh").write_text("echo this is $0")
    for number, folder in enumerate(folders):
        subprocess.run(["bash", "-c", script], env={**os.environ, "SLURM_ARRAY_TASK_ID": str(number)}, check=True)
        assert folder.console.read_text() == f"this is {folder.path}/slurm.sh\n"


def test_a_file_that_names_an_option_as_job_is_none(make_run):
    run = make_run("2026-01-01_00-00-00_a")
    write_job(run, Job("slurm", "--help"))
    assert read_job(run) is None
    assert engine_of({}) == "local"


def test_without_slurm_a_launch_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    spec = replace(SPEC, engine={"name": "slurm", "gpus": 0})
    with pytest.raises(LaunchError, match="expected Slurm's sbatch in PATH, found none"):
        SlurmLauncher().start(spec, tmp_path / "logs", tmp_path)
    started = SlurmLauncher().start_all([spec, spec], tmp_path / "logs", tmp_path)
    assert [type(one) for one in started] == [LaunchError] * 2
    assert not (tmp_path / "logs").exists()


def test_a_launch_that_slurm_refuses_leaves_nothing(tmp_path, monkeypatch):
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho sbatch: error: invalid partition >&2\nexit 1\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    spec, logs = replace(SPEC, engine={"name": "slurm", "gpus": 0}), tmp_path / "logs"
    for specs in ([spec], [spec, spec]):
        started = SlurmLauncher().start_all(specs, logs, tmp_path)
        assert {str(one) for one in started} == {"Slurm's sbatch refuses: invalid partition"}
        assert not [*logs.iterdir()]
    (logs / spec.experiment / "other").mkdir(parents=True)
    with pytest.raises(LaunchError, match="invalid partition"):
        SlurmLauncher().start(spec, logs, tmp_path)
    assert [path.name for path in (logs / spec.experiment).iterdir()] == ["other"]


def test_a_run_that_ended_shows_no_job(make_run):
    run = make_run("2026-01-01_00-00-00_a")
    write_frames(run, FINISHED)
    assert JobStates({}).text(run) == ""
