"""Where an evaluation runs beside a training, if nobody has chosen."""

from __future__ import annotations

import os

import pytest

from trainer_proc.training.evaluation_device import device_beside, usable_cores


@pytest.mark.parametrize(
    ("training", "backend", "processes", "cores", "expected"),
    [
        ("cuda:0", "mjlab", 1, 16, "cpu"),
        ("cuda:0", "mjlab", 1, 4, "cpu"),
        ("cuda:0", "mjlab", 1, 3, "cuda:0"),  # the training needs two of them, the machine one
        ("cuda:1", "mjlab", 8, 16, "cuda:1"),
        ("cuda:0", "mjlab", 8, 18, "cpu"),
        ("cuda:0", "isaaclab", 1, 64, "cuda:0"),  # PhysX or Newton
        ("cpu", "mjlab", 1, 2, "cpu"),
    ],
)
def test_a_gpu_is_left_to_the_training_if_cores_are_free(training, backend, processes, cores, expected):
    assert device_beside(training, backend, processes, cores) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("?", None), (None, None)],
)
def test_a_container_may_use_fewer_cores_than_it_sees(tmp_path, content, expected):
    quota = tmp_path / "cpu.max"
    if content is not None:
        quota.write_text(content)
    assert usable_cores(quota) == (expected or len(os.sched_getaffinity(0)))
