"""Checks the exported files: compares them with the actor, and times them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from trainer_proc.contract.bundle.card import ONNX, TORCHSCRIPT, WEIGHTS, CheckResult, Latency
from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.deploy.bundle import one_thread_session, zero_inputs
from trainer_proc.export.actor import actor_group_sizes, actor_images
from trainer_proc.export.hand_over import hand_over_actions
from trainer_proc.export.libraries.interface import RebuiltPolicy
from trainer_proc.export.task_export import TaskExport

FloatArray = numpy.ndarray[Any, numpy.dtype[numpy.float32]]

OBSERVATIONS = 256
"""Number of random observations in the check."""
TOLERANCE = 1e-5
"""Largest allowed difference of an action; relative to the largest action's magnitude if that is above 1."""
WARM_UP_CALLS = 300
TIMED_CALLS = 3000
_TASK_INPUTS = (0, 1, 10, 100, 1000)
"""Values of the inputs that a task adds, in the check; tracking tasks add a time step."""
_LARGE_EVERY, _LARGE = 4, 10.0
"""Every fourth observation is ten times as large, which goes beyond the policy's limits."""


class Observations(NamedTuple):
    """Observations of the check: `vectors` of shape [OBSERVATIONS, size], `images` [OBSERVATIONS, channels, h, w]."""

    vectors: FloatArray
    images: dict[str, FloatArray]


def open_session(onnx_file: Path) -> Any:
    """Return an onnxruntime `InferenceSession` on one CPU thread. Raises `ExportError` for an invalid file."""
    import onnxruntime

    try:
        return one_thread_session(onnxruntime, onnx_file.read_bytes())
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise ExportError(f"the check failed, onnxruntime refuses {onnx_file.name}: {one_line(error)}") from error


def check_policy(
    policy: RebuiltPolicy,
    description: PolicyDescription,
    outputs: Sequence[str],
    session: Any,
    files: Path,
) -> CheckResult:
    """Compare `policy.onnx` (`session`) and the other files of a folder with the library's own inference of the policy.

    `outputs` are the policy's: actions, then the next state. Observations are passed one after another, so that a
    recurrent policy's state is compared too. Raises `ExportError`.
    """
    observations = random_observations(policy, description)
    expected = _library_actions(policy, actor_group_sizes(description), observations)
    if not numpy.isfinite(expected).all():
        raise ExportError("the policy's actions are not finite, its training has diverged: use an older checkpoint")
    largest_action = float(numpy.abs(expected).max())
    tolerance = TOLERANCE * max(1.0, largest_action)
    largest_difference = 0.0
    computed = {
        ONNX: _onnx_actions(session, outputs, observations),
        TORCHSCRIPT: _torchscript_actions(files / TORCHSCRIPT, observations),
    }
    if (files / WEIGHTS).exists():
        computed[WEIGHTS] = hand_over_actions(files / WEIGHTS, observations.vectors)
    for name, actual in computed.items():
        if actual.shape != expected.shape:
            raise ExportError(
                f"the check failed, {name}: expected actions of shape {expected.shape}, got {actual.shape}"
            )
        difference = float(numpy.abs(actual - expected).max())
        if not difference <= tolerance:  # so that NaN fails
            raise ExportError(
                f"the check failed, {name}: expected a difference of at most {tolerance:.3g}, got {difference:.3g}"
            )
        largest_difference = max(largest_difference, difference)
    return CheckResult(OBSERVATIONS, largest_difference, largest_action, tolerance)


def check_task_outputs(session: Any, task: TaskExport) -> None:
    """Compare the outputs that the task adds with those of the task's own exporter. Raises `ExportError`."""
    import onnxruntime

    if not task.outputs:
        return
    own = onnxruntime.InferenceSession(task.model.SerializeToString(), providers=["CPUExecutionProvider"])
    for value in _TASK_INPUTS:
        inputs = {name: numpy.full_like(zero, value) for name, zero in zero_inputs(own).items()}
        added = session.run(task.outputs, zero_inputs(session) | inputs)
        for name, expected, actual in zip(task.outputs, own.run(task.outputs, inputs), added, strict=True):
            if not numpy.array_equal(expected, actual, equal_nan=True):
                raise ExportError(f"the check failed, policy.onnx: {name} differs from the task's own exporter")


def random_observations(policy: RebuiltPolicy, description: PolicyDescription) -> Observations:
    """Return random observations, the same in every call: standard normal vectors, images from 0 to 1.

    Vectors have the mean and standard deviation of the policy's normalizer if it has one. If the policy limits
    observations, every fourth is ten times as large.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(OBSERVATIONS, sum(actor_group_sizes(description).values()), generator=generator)
    if policy.limits_observations:
        noise[::_LARGE_EVERY] *= _LARGE
    if policy.normalization is not None:
        mean, std = policy.normalization
        noise = noise * std + mean
    shapes = actor_images(description)
    images = {name: torch.rand(OBSERVATIONS, *shape, generator=generator).numpy() for name, shape in shapes.items()}
    return Observations(noise.numpy(), images)


def measure_latency(session: Any) -> Latency:
    """Time `TIMED_CALLS` calls of `session` with one observation each, after a warm-up."""
    inputs = zero_inputs(session)
    nanoseconds = []
    for call in range(WARM_UP_CALLS + TIMED_CALLS):
        start = time.perf_counter_ns()
        session.run(None, inputs)
        if call >= WARM_UP_CALLS:
            nanoseconds.append(time.perf_counter_ns() - start)
    p50, p99 = numpy.percentile(nanoseconds, [50, 99]) / 1000
    return Latency(float(p50), float(p99), TIMED_CALLS)


def _library_actions(policy: RebuiltPolicy, group_sizes: dict[str, int], observations: Observations) -> FloatArray:
    import torch

    actions = []
    with torch.inference_mode():
        for row, images in _steps(observations):
            groups = torch.split(torch.from_numpy(row), list(group_sizes.values()), dim=-1)
            named = dict(zip(group_sizes, groups, strict=True))
            named |= {name: torch.from_numpy(image) for name, image in images.items()}
            actions.append(policy.act(named))
    return torch.cat(actions).numpy()


def _onnx_actions(session: Any, outputs: Sequence[str], observations: Observations) -> FloatArray:
    inputs = zero_inputs(session)
    # a recurrent policy returns its states in the order of its inputs, which follow obs and images
    first_state = 1 + len(observations.images)
    state_names = list(inputs)[first_state : first_state + len(outputs) - 1]
    actions = []
    for row, images in _steps(observations):
        inputs |= {"obs": row, **images}
        action, *states = session.run(list(outputs), inputs)
        inputs |= dict(zip(state_names, states, strict=True))
        actions.append(action)
    return numpy.concatenate(actions)


def _torchscript_actions(file: Path, observations: Observations) -> FloatArray:
    import torch

    try:
        policy: Any = torch.jit.load(str(file), map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ExportError(f"the check failed, torch refuses {file.name}: {one_line(error)}") from error
    actions = []
    with torch.inference_mode():
        for row, images in _steps(observations):
            further = [[torch.from_numpy(image) for image in images.values()]] if images else []
            actions.append(policy(torch.from_numpy(row), *further))
    return torch.cat(actions).numpy()


def _steps(observations: Observations) -> Iterator[tuple[FloatArray, dict[str, FloatArray]]]:
    """Yield one observation after another, as batches of one."""
    for step in range(OBSERVATIONS):
        one = slice(step, step + 1)
        yield observations.vectors[one], {name: image[one] for name, image in observations.images.items()}
