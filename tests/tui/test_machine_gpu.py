"""GPUs are read field by field: what one driver doesn't tell is missing, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pynvml
import pytest

from tests.tui.machines import GIB, Driver
from tui.session.machine.gpu import GpuReader, GpuReading, gpus_of_run
from tui.session.machine.gpu_use import GpuUse, use_of


@pytest.fixture
def driver(monkeypatch):
    return Driver(monkeypatch)


def read_one():
    reader = GpuReader()
    (gpu,) = reader.read()
    reader.close()
    return gpu


def test_all_that_a_driver_tells_is_read(driver):
    assert read_one() == GpuReading(
        index=0,
        name="NVIDIA H200",
        uuid="GPU-1234",
        utilisation=0.62,
        memory_used_bytes=3 * GIB,
        memory_total_bytes=141 * GIB,
        temperature_celsius=54,
        power_watts=312.4,
        power_limit_watts=700.0,
        processes={77: 2 * GIB},
    )
    assert driver.opened == 0  # and it is given back


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("nvmlDeviceGetUtilizationRates", {"utilisation"}),  # with MIG
        ("nvmlDeviceGetMemoryInfo", {"memory_used_bytes", "memory_total_bytes"}),  # where CPU and GPU share memory
        ("nvmlDeviceGetPowerUsage", {"power_watts"}),
        ("nvmlDeviceGetEnforcedPowerLimit", {"power_limit_watts"}),
        ("nvmlDeviceGetComputeRunningProcesses", set()),  # the other list is there
        ("nvmlDeviceGetTemperatureV", set()),  # the older function is asked
    ],
)
def test_a_field_that_is_not_supported_is_missing_alone(driver, function, fields):
    whole = read_one()
    driver.answers[function] = Driver.UNSUPPORTED
    gpu = read_one()
    differing = {name for name in vars(gpu) if getattr(gpu, name) != getattr(whole, name)}
    assert differing - {"processes", "temperature_celsius"} == fields
    assert all(getattr(gpu, name) is None for name in fields)


def test_a_driver_that_tells_nothing_leaves_a_number(driver):
    for name in driver.answers:
        driver.answers[name] = Driver.UNSUPPORTED
    assert read_one() == GpuReading(0)


def test_an_older_driver_is_asked_for_the_temperature_in_its_way(driver):
    driver.answers["nvmlDeviceGetTemperatureV"] = pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    assert read_one().temperature_celsius == 55


def test_a_gpu_that_was_lost_is_still_in_the_list(monkeypatch):
    driver = Driver(monkeypatch, count=3)
    driver.answers["nvmlDeviceGetHandleByIndex"] = {1: pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)}
    gpus = GpuReader().read()
    assert [gpu.index for gpu in gpus] == [0, 1, 2]
    assert [gpu.utilisation for gpu in gpus] == [0.62, None, 0.62]


def test_a_process_that_computes_and_draws_counts_once(driver):
    driver.answers["nvmlDeviceGetGraphicsRunningProcesses"] = [
        SimpleNamespace(pid=77, usedGpuMemory=2 * GIB),
        SimpleNamespace(pid=78, usedGpuMemory=None),  # as on WSL
    ]
    assert read_one().processes == {77: 2 * GIB, 78: None}


def test_without_a_driver_there_are_no_gpus_and_a_reason(monkeypatch):
    def init():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)

    monkeypatch.setattr(pynvml, "nvmlInit", init)
    reader = GpuReader()
    assert reader.read() == []
    assert reader.problem == "Driver Not Loaded"
    reader.close()


GPUS = [GpuReading(i, uuid=f"GPU-{name}", processes={}) for i, name in enumerate(("aa", "bb", "cc", "dd"))]


@pytest.mark.parametrize(
    ("device", "visible", "ranks", "own"),
    [
        ("cuda:0", None, 1, [0]),
        ("cuda:2", None, 1, [2]),
        ("cuda", None, 1, [0]),
        ("cuda:0", "3,1", 1, [3]),
        ("cuda:1", "3,1", 1, [1]),
        ("cuda:0", "GPU-cc", 1, [2]),
        ("cuda:0", "1,nonsense,2", 3, [1]),
        ("cuda:0", None, 3, [0, 1, 2]),
        ("cuda:0", "2,0", 2, [2, 0]),
        ("cuda:7", None, 1, []),
        ("cuda:0", "", 1, []),
        ("cpu", None, 1, []),
    ],
)
def test_a_runs_gpus_are_those_that_cuda_shows_it(device, visible, ranks, own):
    assert gpus_of_run(GPUS, device, [5], visible, ranks) == own


def test_what_the_driver_tells_of_processes_is_believed_first():
    gpus = [GPUS[0], GpuReading(1, processes={5: GIB}), GPUS[2]]
    assert gpus_of_run(gpus, "cuda:0", [4, 5], "2") == [1]


# --- the header ---


@pytest.mark.parametrize(
    ("own", "use"),
    [
        ([0], GpuUse(1, 0.5)),
        ([0, 1], GpuUse(2, 0.75)),
        ([1, 2], GpuUse(1, 1.0)),  # one does not report it
        ([2], None),
        ([], None),
    ],
)
def test_the_use_of_a_run_s_gpus_is_their_mean(own, use):
    gpus = [GpuReading(index, utilisation=share) for index, share in enumerate((0.5, 1.0, None))]
    assert use_of(gpus, own) == use
