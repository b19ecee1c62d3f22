"""The file of a golden trace: round trip, and files that are none."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from trainer_proc.contract.bundle.trace import Trace, TraceError, TraceHeader, read_trace, write_trace

STEPS, JOINTS, MOTORS, FRAMES = 5, 3, 2, 2


def random_trace():
    draw = np.random.default_rng(1).standard_normal
    header = TraceHeader(
        run="run",
        iteration=7,
        policy="model_7.pt",
        is_exported=False,
        task="Task",
        backend="mjlab",
        joints=["a", "b", "c"],
        motors=["a", "c"],
        frames=["base", "imu"],
        terms={"joint_pos": 3, "command": 3},
        commands={"twist": 3},
    )
    return Trace(
        header=header,
        time=np.arange(STEPS + 1) * 0.02,
        joint_pos=draw((STEPS + 1, JOINTS)),
        joint_vel=draw((STEPS + 1, JOINTS)),
        quaternion=draw((STEPS + 1, FRAMES, 4)),
        linear_velocity=draw((STEPS + 1, FRAMES, 3)),
        angular_velocity=draw((STEPS + 1, FRAMES, 3)),
        observation=draw((STEPS, 6)),
        action=draw((STEPS, 4)),
        target=draw((STEPS, MOTORS)),
        torque=draw((STEPS, MOTORS)),
        commands={"twist": draw((STEPS, 3))},
        normalizer=(draw(6), draw(6) ** 2 + 0.1),
    )


def test_a_trace_is_read_as_it_was_written(tmp_path):
    trace = random_trace()
    write_trace(tmp_path / "trace.npz", trace)
    read = read_trace(tmp_path / "trace.npz")
    assert read.header == trace.header
    assert read.time.tolist() == trace.time.tolist()  # in double precision
    assert read.observation == pytest.approx(trace.observation, rel=1e-6)
    assert read.commands["twist"] == pytest.approx(trace.commands["twist"], rel=1e-6)
    assert read.normalizer[1] == pytest.approx(trace.normalizer[1], rel=1e-6)
    assert read.steps == STEPS


def test_a_missing_trace_is_told_from_a_wrong_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_trace(tmp_path / "trace.npz")


@pytest.mark.parametrize(
    ("field", "values", "named"),
    [
        ("torque", np.zeros((STEPS, 3)), "torque: expected shape"),
        ("observation", np.zeros((STEPS, 5)), "observation: expected shape"),
        ("joint_pos", np.full((STEPS + 1, JOINTS), np.nan), "joint_pos: expected finite numbers"),
        ("time", np.zeros(STEPS), "time: expected shape"),
    ],
)
def test_arrays_that_do_not_belong_together_are_named(tmp_path, field, values, named):
    write_trace(tmp_path / "trace.npz", replace(random_trace(), **{field: values}))
    with pytest.raises(TraceError, match=named):
        read_trace(tmp_path / "trace.npz")


def test_pickles_and_other_files_are_refused(tmp_path):
    path = tmp_path / "trace.npz"
    content = io.BytesIO()
    np.savez(content, header=np.array([{"a": 1}], dtype=object))
    for wrong in (b"", b"no archive", content.getvalue()):
        path.write_bytes(wrong)
        with pytest.raises(TraceError, match=r"is no trace: .*export the policy again"):
            read_trace(path)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "trace.npz"
    np.savez_compressed(path, header=np.zeros(65 * 1024 * 1024, dtype=np.uint8))
    assert path.stat().st_size < 1024 * 1024
    with pytest.raises(TraceError, match="bytes unpacked"):
        read_trace(path)
