"""Progress reports of the kernel modules that Warp loads."""

from __future__ import annotations

import pytest

from trainer_proc.simulators.warp_progress import KernelProgress


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global warp
    import warp


MESSAGES = {
    "Module mujoco_warp._src.render_util cc64180 load on device 'cpu' took 2195.34 ms  (compiled)": (
        "render_util compiled in 2.2 s"
    ),
    "Module mujoco_warp._src.smooth 87a05dc load on device 'cuda:0' took 0.84 ms  (cached)": "smooth from the cache",
    "Module repeat_array_kernel_64344f6c 9dad06a load on device 'cpu' took 151.96 ms  (compiled)": (
        "repeat_array_kernel_64344f6c compiled in 0.2 s"
    ),
    "Module _tile_cholesky_solve_block__locals__kernel_e27bf8d9 44bf04a load on device 'cpu' took 5.00 ms  (cached)": (
        "tile_cholesky_solve_block from the cache"
    ),
}


@pytest.fixture
def progress():
    """The reports and the logger."""
    reports = []
    return reports, KernelProgress(lambda detail, count: reports.append((detail, count)))


def test_every_loaded_module_is_reported_and_counted(progress):
    reports, logger = progress
    for message in MESSAGES:
        logger.info(message)
    assert reports == [(detail, count) for count, detail in enumerate(MESSAGES.values(), start=1)]


@pytest.mark.parametrize(
    "message",
    [
        "Warp 1.19.0 initialized:",
        "Module mujoco_warp._src.smooth load failed",
        "Module x 1a load on device 'cpu' took 3 ms  (error)",
        "",
    ],
)
def test_other_messages_are_printed_only(progress, message, capsys):
    reports, logger = progress
    logger.info(message)
    assert reports == []
    assert capsys.readouterr().out == message + "\n"


def test_messages_go_where_warp_sends_them(progress, capsys):
    reports, logger = progress
    logger.debug("Module x 1a load on device 'cpu' took 3 ms  (cached)")
    logger.warning("careful", DeprecationWarning, stacklevel=2)
    logger.error("wrong")
    printed = capsys.readouterr()
    assert printed.out.startswith("Module x")
    assert printed.err == "careful\nwrong\n"
    assert reports == []


def test_warp_reports_as_expected(progress):
    """Run Warp itself on a kernel of this file; the module's name ends with that of this file."""
    reports, logger = progress
    before = warp.get_logger()
    warp.set_logger(logger)
    try:

        @warp.kernel
        def double(values: warp.array(dtype=float)):
            values[warp.tid()] = values[warp.tid()] * 2.0

        warp.launch(double, dim=1, inputs=[warp.zeros(1, dtype=float, device="cpu")], device="cpu")
    finally:
        warp.set_logger(before)
    assert [count for _, count in reports] == list(range(1, len(reports) + 1))
    assert any("test_warp_progress" in detail for detail, _ in reports)
