"""Which lines of a trainer's log matter, told by what the programs in it print."""

from __future__ import annotations

import logging
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.screens.recorded import RECORDINGS
from tui.session.log.levels import LevelScan, level_of

ERRORS = [
    "ERROR:root:no such asset",
    "2026-11-21 16:15:12,123 - mjlab.scene - ERROR - no such asset",
    "[ERROR] no such asset",
    "CRITICAL:trainer:gone",
    "RuntimeError: the observations hold NaN",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    "KeyboardInterrupt",
    "[rank1]: RuntimeError: the observations hold NaN",
    "Error executing job with overrides: ['task=x']".replace("Error", "error:"),
    "error: no kernel image is available",
    "Warp CUDA error 2: out of memory (in function wp_alloc_device, native/warp.cu:123)",
    "Warp NVRTC compilation error 6: NVRTC_ERROR_COMPILATION",
    "2026-11-21 16:15:12 [12,345ms] [Error] [omni.physx.plugin] PhysX error",
    "[rank0]:[E1121 16:15:12.123456 ProcessGroupNCCL.cpp:616] [Rank 0] Watchdog caught collective operation timeout",
    "E1121 16:15:12.123000 1234 torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: 1)",
    "Fatal Python error: Segmentation fault",
    "Segmentation fault (core dumped)",
    "Killed",
    "terminate called after throwing an instance of 'std::runtime_error'",
    "nefc overflow - please increase njmax to 46",
    "narrowphase overflow - please increase nconmax to 12 or naconmax to 49152",
    "contact match overflow: please increase Option.contact_sensor_maxmatch to 65",
    "height field collision overflow, number of collisions >= 50 - please adjust resolution: ",
    "nvmax overflow: world 3 needs 12 active DOFs but nvmax = 8 (behavior undefined)",
    "[wire] /runs/x/journal.msgpack: No space left on device; retrying with every frame",
    "Traceback (most recent call last):",
    "During handling of the above exception, another exception occurred:",
]
WARNINGS = [
    "Warning: EPA horizon = 12 isn't large enough.",
    "solver iterations limit reached - please increase iterations to 11",
    "/site-packages/torch/x.py:12: UserWarning: CUDA error: this is a warning all the same",
    "Warp DeprecationWarning: use wp.array instead",
    "WARNING:root:slow",
    "2026-11-21 16:15:12,123 [WARNING] slow",
    "[WARN] no terrain",
    "warning: unused parameter",
    "2026-11-21 16:15:12 [12,345ms] [Warning] [omni.usd] unresolved reference",
    "[W1121 16:15:12.123456 ProcessGroupNCCL.cpp:1250] the process group was not destroyed",
    "[rank0]:W1121 16:15:12.123000 1234 torch/_dynamo/convert_frame.py:906] torch._dynamo hit a limit",
]
INFOS = [
    "",
    "                            Mean reward: -0.70",
    "            Metrics/twist/error_vel_yaw: 0.0721",
    "                    Mean tracking error: 0.0721",
    "             Episode_Termination/Killed: 1.5",
    "Module mujoco_warp load on device 'cpu' took 3.10 ms  (cached)",
    "[INFO] Loading experiment from directory: /runs/x",
    "0 errors and no warnings",
    "Overflow of the stack is not increased here",
    "tracking error: 0.01",
    "saved 12 environments",
    '    raise RuntimeError("no")',
]


@pytest.mark.parametrize(
    ("line", "level"),
    [(line, "error") for line in ERRORS]
    + [(line, "warning") for line in WARNINGS]
    + [(line, "info") for line in INFOS],
)
def test_a_line_is_told_by_its_words(line, level):
    assert level_of(line) == level
    scan = scanned(line)
    assert scan.level(0) == level  # the fast look finds it too


def scanned(*lines, first=0):
    scan = LevelScan()
    scan.take("".join(f"{line}\n" for line in lines).encode(), first)
    return scan


def rows(found):
    return [found.line_at(row) for row in range(len(found))]


def test_pythons_own_logging_is_known():
    said = subprocess.run(
        [sys.executable, "-c", "import logging as l, warnings as w; l.error('a'); l.warning('b'); w.warn('c')"],
        capture_output=True, text=True, check=True,
    ).stderr.splitlines()  # fmt: skip
    assert [level_of(line) for line in said[:3]] == ["error", "warning", "warning"]
    assert logging.getLevelName(logging.CRITICAL) in ERRORS[3]


CHAINED = """
def inner():
    raise ValueError("no such asset")
def outer():
    try:
        inner()
    except ValueError as error:
        raise RuntimeError("no scene") from error
outer()
"""


def test_a_traceback_is_an_error_from_its_first_line_to_its_last():
    done = subprocess.run([sys.executable, "-c", CHAINED], capture_output=True, text=True, check=False)
    said = done.stderr.splitlines()
    scan = scanned("before", *said, "after")
    blank = {number for number, line in enumerate(said, 1) if not line}
    assert set(rows(scan.errors)) == set(range(1, len(said) + 1)) - blank
    assert scan.level(len(said) + 1) == "info"
    assert rows(scan.tracebacks) == [1]  # what was raised while another was handled is of the same chain


def test_each_traceback_is_remembered_and_those_of_ranks_too():
    one = ["Traceback (most recent call last):", '  File "a.py", line 3, in main', "    run()", "KeyError: 'x'"]
    scan = scanned(*one, "fine", *(f"[rank1]: {line}" for line in one), "fine")
    assert rows(scan.tracebacks) == [0, 5]
    assert rows(scan.errors) == [0, 1, 2, 3, 5, 6, 7, 8]


def test_what_follows_a_broken_off_traceback_is_judged_by_itself():
    scan = scanned("Traceback (most recent call last):", '  File "a.py"', "[INFO] the next run", "WARNING: slow")
    assert [scan.level(line) for line in range(4)] == ["error", "error", "info", "warning"]


pieces = st.lists(st.sampled_from([*ERRORS, *WARNINGS, *INFOS, '  File "a.py", line 3', "KeyError: 'x'"]), max_size=30)


@given(pieces, st.data())
def test_it_makes_no_difference_in_which_pieces_a_log_arrives(lines, data):
    whole = scanned(*lines)
    parts = LevelScan()
    at = 0
    while at < len(lines):
        until = data.draw(st.integers(at + 1, len(lines)))
        parts.take("".join(f"{line}\n" for line in lines[at:until]).encode(), at)
        at = until
    for kind in ("warnings", "errors", "tracebacks"):
        assert rows(getattr(parts, kind)) == rows(getattr(whole, kind))
    alone = {number for number, line in enumerate(lines) if level_of(line) != "info"}
    assert alone <= set(rows(whole.warnings))


@pytest.mark.parametrize("recording", ["g1-walk", "g1-gpu", "cartpole", "g1-curricula"])
def test_a_training_that_goes_well_has_no_errors(recording):
    text = (RECORDINGS / recording / "console.log").read_bytes()
    scan = LevelScan()
    scan.take(text, 0)
    assert rows(scan.errors) == []
    assert len(scan.warnings) == len(re.findall(rb"(?m)^.*Warning:", text))
