"""Launches use the memory that earlier runs of the configuration recorded on that kind of device, and say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.tui.conftest import STARTED
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.monitoring import MemoryMeasured
from tui.session.backends.devices import Device
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.probing.records import advice_on, find_records, record_text, with_recorded_environments

GIB = 1024**3
SMALL = Device("cuda:0", "NVIDIA RTX 4060", 7.5, 8.0)
LARGE = Device("cuda:1", "NVIDIA H200", 139.0, 141.0)
CPU = Device("cpu", "CPU, 2 cores", 8.0, 16.0)
DEVICES = [SMALL, LARGE, CPU]
WALK = load_preset("g1-walk")
SPEC = make_spec(WALK, Overrides(device="cuda:0"), DEVICES)
LOGS = Path("logs")
pytestmark = pytest.mark.usefixtures("empty_working_directory")


@pytest.fixture
def recorded(make_run):
    """Make a run of `g1-walk` with so many environments that used so much memory (GiB); None ran out of it."""
    numbers = iter(range(1, 60))

    def recorded(num_envs, used, *, name=SMALL.title, total=8.0, of_all=False, **changes):
        run = f"2026-03-{next(numbers):02}_12-00-00"
        if used is None:
            bodies = [PhaseChanged("failed", "torch.OutOfMemoryError: CUDA out of memory")]
        else:
            bodies = [MemoryMeasured(name, int(used * GIB), int(total * GIB), of_all)]
        folder = make_run(run, replace(STARTED, run=run), *bodies, experiment="g1_walk")
        folder.write_spec(replace(SPEC, num_envs=num_envs, **changes))
        return run

    return recorded


def text(num_envs=4096, spec=SPEC):
    return record_text(num_envs, find_records(spec, LOGS, DEVICES))


def test_without_records_nothing_is_told_and_the_preset_s_number_stays():
    assert text() == ""
    assert with_recorded_environments(SPEC, WALK, []) == SPEC


def test_the_record_of_the_number_is_told(recorded):
    run = recorded(4096, 3.1)
    assert text() == f"4096 environments: fits, 3.1 of 8.0 GiB used in run {run}"
    newer = recorded(4096, 3.3, of_all=True)
    assert text() == f"4096 environments: fits, 3.3 of 8.0 GiB used by all processes in run {newer}"


def test_other_numbers_are_judged_by_the_nearest_record(recorded):
    run = recorded(2048, 2.0)
    assert text(1024) == f"1024 environments: fits, 2.0 of 8.0 GiB used in run {run} with 2048"
    assert text(4096) == f"4096 environments: fits, 2.0 of 8.0 GiB used in run {run} with 2048"
    assert text(8192) == f"8192 environments: may not fit, 2.0 of 8.0 GiB used in run {run} with 2048"


def test_a_lack_of_memory_is_told(recorded):
    recorded(1024, 1.0)
    run = recorded(4096, None)
    assert text(4096) == f"4096 environments: 4096 ran out of memory in run {run}"
    assert text(2048).startswith("2048 environments: fits, 1.0 of 8.0 GiB")


@pytest.mark.parametrize(
    ("records", "number"),
    [
        ([(4096, 3.1)], 4096),
        ([(1024, 1.0)], 4096),  # 4 GiB by its share
        ([(1024, 3.0)], 2048),  # 12 GiB would not fit
        ([(4096, None), (2048, 3.9)], 2048),
        ([(1024, None)], 4096),  # they tell nothing that fits: the preset's
    ],
)
def test_the_preset_s_largest_number_that_fits_is_the_default(recorded, records, number):
    for num_envs, used in records:
        recorded(num_envs, used)
    assert with_recorded_environments(SPEC, WALK, find_records(SPEC, LOGS, DEVICES)).num_envs == number


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "Mjlab-Velocity-Rough-Unitree-G1"},
        {"overrides": {"env.decimation": 8}},
        {"fast": {"enabled": False}},
        {"processes": 2},
        {"name": LARGE.title},
        {"total": 16.0},
        {"device": "cpu", "name": "CPU"},
    ],
)
def test_runs_of_another_configuration_or_device_tell_nothing(recorded, changes):
    recorded(4096, 3.1, **changes)
    assert text() == ""


def test_damaged_runs_tell_nothing(recorded):
    recorded(4096, 3.1)
    (folder,) = (LOGS / "g1_walk").iterdir()
    (folder / "journal.msgpack").write_bytes(b"nonsense")
    recorded(4096, 3.1)
    (_, other) = sorted((LOGS / "g1_walk").iterdir())
    (other / "run.toml").write_text("num_envs = [")
    assert text() == ""


def test_on_a_cpu_it_is_told_but_the_number_stays(recorded):
    spec = make_spec(WALK, Overrides(device="cpu"), DEVICES)
    run = recorded(16, 1.5, name="CPU", total=16.0, device="cpu")
    assert text(16, spec) == f"16 environments: fits, 1.5 of 16 GiB used in run {run}"
    assert with_recorded_environments(spec, WALK, find_records(spec, LOGS, DEVICES)) == spec


def test_the_form_gets_number_and_text_before_anything_is_chosen(recorded):
    recorded(1024, 3.0)
    number, told = advice_on(WALK, "cuda:0", DEVICES, LOGS)
    assert (number, told[:30]) == (2048, "2048 environments: fits, 3.0 o")
    assert advice_on(WALK, "cuda:1", DEVICES, LOGS) == (4096, "")
    assert advice_on(load_preset("g1-tracking"), "cuda:0", DEVICES, LOGS) is None


def test_the_command_says_so_and_uses_it(recorded, prints, started, monkeypatch):
    monkeypatch.setattr("tui.commands.launch.list_devices", lambda: DEVICES)
    run = recorded(1024, 3.0)
    lines = prints("launch", "g1-walk").splitlines()
    assert lines[0] == f"2048 environments: fits, 3.0 of 8.0 GiB used in run {run} with 1024"
    assert started[0].num_envs == 2048


def test_a_number_that_was_given_stays(recorded, prints, started, monkeypatch):
    monkeypatch.setattr("tui.commands.launch.list_devices", lambda: DEVICES)
    run = recorded(1024, 3.0)
    lines = prints("launch", "g1-walk", "--num-envs", "4096").splitlines()
    assert lines[0] == f"4096 environments: may not fit, 3.0 of 8.0 GiB used in run {run} with 1024"
    assert started[0].num_envs == 4096
