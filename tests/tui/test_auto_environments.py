"""`--num-envs auto`: the search, its stored result and the command; the short trainings are stand-ins here."""

from __future__ import annotations

import json
import time

import pytest

from tests.tui.conftest import STARTED
from trainer_proc.contract.messages import Frame, IterationFinished, PhaseChanged
from trainer_proc.contract.monitoring import MemoryMeasured
from tui.cli import run
from tui.session.probing.measurement import SECONDS, WARM_UP, Measurement
from tui.session.probing.probe import ProbingCancelled
from tui.session.probing.search import Probe

GIB = 1024**3
AUTO = ("launch", "cartpole", "--device", "cpu", "--num-envs", "auto")


@pytest.fixture
def state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def probed(monkeypatch, state_folder, empty_working_directory):
    """The numbers that were probed; 256 environments are the fastest, 512 do not fit."""
    probed = []

    def run_probe(spec, num_envs, is_cancelled):
        probed.append(num_envs)
        if num_envs > 256:
            return Probe(num_envs, "out of memory", reason="CUDA out of memory"), time.time()
        return Probe(num_envs, "measured", num_envs * 100.0, num_envs * GIB // 256, 8 * GIB), time.time()

    monkeypatch.setattr("tui.session.probing.choose.run_probe", run_probe)
    return probed


def test_it_trains_with_the_fastest_number_and_says_what_it_measured(prints, started, probed):
    lines = prints(*AUTO).splitlines()
    assert probed == [64, 128, 256, 512]
    assert started[0].num_envs == 256
    assert lines[:5] == [
        "64 environments: 6,400 steps/s, 0.2 of 8.0 GiB used",
        "128 environments: 12,800 steps/s, 0.5 of 8.0 GiB used",
        "256 environments: 25,600 steps/s, 1.0 of 8.0 GiB used",
        "512 environments: out of memory",
        "auto: 256 environments, 25,600 steps/s, 1.0 of 8.0 GiB used",
    ]


def test_the_next_launch_takes_the_stored_result(started, probed, capsys, monkeypatch):
    for number, more in enumerate(((), (), ("--set", "ppo/entropy_coef=0"), ("--probe-again",))):
        monkeypatch.setenv("HUMANOID_TUI_LOGS", f"logs{number}")
        assert run([*AUTO, *more]) == 0
    assert probed == [64, 128, 256, 512] * 2  # the first time, and when that is wanted
    assert [spec.num_envs for spec in started] == [256] * 4
    earlier = (
        "auto: 256 environments, 25,600 steps/s, 1.0 of 8.0 GiB used, measured earlier (--probe-again measures again)"
    )
    assert capsys.readouterr().out.splitlines().count(earlier) == 2


@pytest.mark.parametrize("more", [["env.episode_length_s=5"], ["--task", "Mjlab-Cartpole-Swingup"], ["--no-fast"]])
def test_another_configuration_is_measured_itself(started, probed, capsys, monkeypatch, more):
    assert run([*AUTO]) == 0
    monkeypatch.setenv("HUMANOID_TUI_LOGS", "others")
    assert run([*AUTO, *more]) == 0
    assert len(probed) == 8


def test_a_stored_result_that_can_not_be_read_is_measured_again(started, probed, capsys, monkeypatch, state_folder):
    assert run([*AUTO]) == 0
    (file,) = state_folder.rglob("num-envs/*.toml")
    file.write_text("num_envs = 0")
    monkeypatch.setenv("HUMANOID_TUI_LOGS", "others")
    assert run([*AUTO]) == 0
    assert len(probed) == 8


def test_json_has_the_progress_on_standard_error(started, probed, capsys):
    assert run([*AUTO, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "training"
    assert "auto: 256 environments, 25,600 steps/s, 1.0 of 8.0 GiB used" in err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--num-envs", "0"], "Invalid value for '--num-envs': expected a number from 1 on or auto, got 0"),
        (["--num-envs", "fast"], "Invalid value for '--num-envs': expected a number from 1 on or auto, got fast"),
        (["--probe-again"], "--probe-again needs --num-envs auto"),
        (["--num-envs", "8", "--probe-again"], "--probe-again needs --num-envs auto"),
        (
            ["--num-envs", "auto", "--engine", "slurm"],
            "--num-envs auto measures on this machine: give a number with --engine",
        ),
    ],
)
def test_a_wrong_request_measures_nothing(fails, started, probed, arguments, line):
    assert fails(2, "launch", "cartpole", *arguments) == line
    assert started == probed == []


@pytest.mark.parametrize("more", [["--seeds", "2"], ["--engine", "slurm"]])
def test_in_the_foreground_there_is_one_training_of_this_machine(fails, started, probed, more):
    line = "--foreground is for a single training on this machine"
    assert fails(2, "launch", "cartpole", "--foreground", *more) == line


def test_where_no_number_works_the_reason_is_one_line(fails, started, probed, monkeypatch, capsys):
    monkeypatch.setattr(
        "tui.session.probing.choose.run_probe",
        lambda spec, count, is_cancelled: (Probe(count, "failed", reason="no such file"), time.time()),
    )
    assert run([*AUTO]) == 1
    out, err = capsys.readouterr()
    assert err == "humanoid-tui: no number of environments works on cpu: 1: no such file\n"
    assert out.splitlines()[0] == "64 environments: failed: no such file"
    assert started == []


def test_an_end_of_the_search_starts_nothing(fails, started, probed, monkeypatch, state_folder):
    def cancelled(spec, count, is_cancelled):
        raise ProbingCancelled("ended")

    monkeypatch.setattr("tui.session.probing.choose.run_probe", cancelled)
    assert fails(1, *AUTO) == "ended"
    assert started == []
    assert list(state_folder.rglob("*.toml")) == []


# --- what a short training's frames say ---

MEASURED = MemoryMeasured("CPU", 2 * GIB, 8 * GIB)


def measured_of(*times, num_envs=64, steps=24 * 64):
    """Return the measurement of iterations that ended at these seconds after the training began."""
    measurement = Measurement(num_envs)
    bodies = [(0.0, STARTED), (0.0, PhaseChanged("training"))]
    bodies += [(at, IterationFinished(i, 0, b"", (i + 1) * steps, 1.0)) for i, at in enumerate(times)]
    for number, (at, body) in enumerate(bodies):
        measurement.take(Frame(number, 100.0 + at, body))
    return measurement


def test_the_speed_is_that_after_the_warm_up():
    measurement = measured_of(5.0, 8.0, 9.0, *(9.0 + SECONDS / 4 * i for i in range(1, 5)))
    measurement.take(Frame(99, 0.0, MEASURED))
    assert measurement.result(now=100.0 + 9.0 + SECONDS) == Probe(64, "measured", 24 * 64, 2 * GIB, 8 * GIB)


def test_it_waits_for_enough_iterations_but_not_for_long():
    assert measured_of().result(now=130.0) is None
    assert measured_of().result(now=161.0).outcome == "too slow"
    slow = measured_of(10.0, 19.0)
    assert slow.result(now=125.0) is None
    assert slow.result(now=131.0) == Probe(64, "measured", 24 * 64 / 9)
    assert measured_of(10.0).result(now=131.0).outcome == "too slow"


@pytest.mark.parametrize(
    ("code", "reason", "outcome"),
    [
        (1, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "out of memory"),
        (1, "RuntimeError: Failed to allocate 4096 bytes on device 'cuda:0'", "out of memory"),
        (-9, "", "out of memory"),
        (1, "ValueError: expected at least 4 environments", "failed"),
        (3, "", "failed"),
    ],
)
def test_the_end_of_a_training_by_itself_is_a_result_too(code, reason, outcome):
    measurement = measured_of(1.0)
    if reason:
        measurement.take(Frame(9, 101.0, PhaseChanged("failed", reason)))
    result = measurement.end(code)
    assert (result.outcome, result.works) == (outcome, False)
    assert result.reason


def test_a_training_with_few_iterations_is_measured_by_them():
    times = [float(i + 1) for i in range(WARM_UP + 1)]
    assert measured_of(*times).end(0).steps_per_second == 24 * 64
