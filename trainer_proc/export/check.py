"""The part of an export that needs torch: rebuilds the actor, writes ONNX and TorchScript, compares and times them.

Actors are typed `Any`: rsl-rl has no types, and torch's lack `as_onnx` and `as_jit`.
"""

from __future__ import annotations

import copy
import importlib
import re
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.export.policy import PolicyDescription

FloatArray = numpy.ndarray[Any, numpy.dtype[numpy.float32]]

NEEDED_PACKAGES = ("onnx", "onnxruntime", "onnxscript", "torch", "tensordict", "rsl_rl")
_INSTALL = "uv sync --extra mjlab --extra export"
OPSET = 18
IR_VERSION = 8
"""ONNX format version that came with opset 18; onnxruntime reads it from 1.14 on."""
OBSERVATIONS = 256
"""Number of random observations in the check."""
TOLERANCE = 1e-5
"""Largest allowed difference of an action; relative to the largest action's magnitude if that is above 1."""
WARM_UP_CALLS = 300
TIMED_CALLS = 3000


class CheckResult(msgspec.Struct, frozen=True):
    """Comparison of the exported files with the policy. Actions are in the policy's unit, before any action scale."""

    observations: int
    """Number of random observations."""
    largest_difference: float
    """Largest absolute difference of an action."""
    largest_action: float
    """Largest absolute action."""
    tolerance: float
    """Largest allowed difference."""


class Latency(msgspec.Struct, frozen=True):
    """Duration of one call with one observation, onnxruntime on one CPU thread."""

    p50_us: float
    """Median in microseconds."""
    p99_us: float
    """99th percentile in microseconds."""
    calls: int
    """Number of timed calls."""


def require_packages(backend: str) -> None:
    """Import what an export needs. Raises `ExportError` with the first missing package and how to install it.

    `backend` trained the policy; Isaac Lab may run in an environment that this program did not install.
    """
    install = f"install it for {sys.executable}" if backend == "isaaclab" else f"run `{_INSTALL}`"
    for package in NEEDED_PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ExportError(f"export needs package {package} ({one_line(error)}): {install}") from error


def read_actor(checkpoint: Path) -> tuple[int, dict[str, Any]]:
    """Return the checkpoint's iteration and its actor's weights, without running code in the file.

    If the file holds no iteration, that in its name counts; -1 without either. Raises `ExportError`.
    """
    from trainer_proc.checkpoints.load import CheckpointError, read_checkpoint  # torch, which may be missing

    try:
        content = read_checkpoint(checkpoint)
    except CheckpointError as error:
        raise ExportError(f"{error}; choose another checkpoint") from error
    weights = content.get("actor_state_dict")
    if not isinstance(weights, dict):
        raise ExportError(f"{checkpoint} holds no actor_state_dict: choose a checkpoint that rsl-rl 5 saved")
    iteration = content.get("iter")
    if not isinstance(iteration, int):
        named = re.fullmatch(r"model_(\d+)", checkpoint.stem)
        iteration = int(named.group(1)) if named else -1
    return iteration, weights


def build_actor(description: PolicyDescription, weights: dict[str, Any], checkpoint: Path) -> Any:
    """Return the actor with `weights`, built as in rsl-rl's `PPO.construct_algorithm`, on the CPU in eval mode.

    `checkpoint` appears in messages only. Raises `ExportError` if it can't be built or the weights don't fit.
    """
    import torch
    from rsl_rl.utils import resolve_callable
    from tensordict import TensorDict

    size = sum(actor_group_sizes(description).values())
    try:
        # rsl-rl's constructors remove entries from the configuration that they get
        arguments = copy.deepcopy(description.actor)
        actor_class = resolve_callable(arguments.pop("class_name"))
        if not (isinstance(actor_class, type) and issubclass(actor_class, torch.nn.Module)):
            raise TypeError(f"{actor_class} is no torch module")
        zeros = {name: torch.zeros(1, size) for name, size in description.observation_sizes.items()}
        observation = TensorDict(zeros, batch_size=[1])
        groups = copy.deepcopy(description.observation_groups)
        actor = actor_class(observation, groups, "actor", description.num_actions, **arguments)
    except Exception as error:  # class and arguments come from a file
        raise ExportError(
            f"params/policy.json describes an actor that can't be built ({one_line(error)}): "
            "export with the packages that trained it"
        ) from error
    described = sum(term.size for term in description.observation_terms)
    if description.observation_terms and described != size:
        raise ExportError(
            f"params/policy.json is inconsistent: its terms have {described} numbers, the actor reads {size}"
        )
    try:
        actor.load_state_dict(weights, strict=True)
    except Exception as error:  # weights that are no tensors raise anything
        raise ExportError(
            f"{checkpoint} doesn't fit params/policy.json: choose a checkpoint of this run ({one_line(error)})"
        ) from error
    return actor.eval()


def actor_group_sizes(description: PolicyDescription) -> dict[str, int]:
    """Return the sizes of the actor's observation groups, in the order of concatenation.

    Raises `ExportError` for an image, which has no size in the description.
    """
    groups = description.observation_groups["actor"]
    images = [group for group in groups if group not in description.observation_sizes]
    if images:
        raise ExportError(f"expected vector observations, got images ({', '.join(images)}): no export yet")
    return {group: description.observation_sizes[group] for group in groups}


def write_models(actor: Any, metadata: dict[str, str], into: Path) -> list[str]:
    """Write `policy.onnx`, with `metadata`, and `policy.pt`; return the names of the ONNX inputs after `obs`.

    These inputs carry a recurrent policy's state. Raises `ExportError` or `OSError`.
    """
    import onnx
    import torch

    try:
        exportable = actor.as_onnx(verbose=False).eval()
        program: Any = torch.onnx.export(
            exportable,
            exportable.get_dummy_inputs(),
            input_names=exportable.input_names,
            output_names=exportable.output_names,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        scripted: Any = torch.jit.script(actor.as_jit().eval())
        model = program.model_proto
        _strip_traces(model.graph)
        model.ir_version = IR_VERSION
        onnx.helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # an exporter may not know a layer
        raise ExportError(f"torch can't export this actor, use one of rsl-rl's models: {one_line(error)}") from error
    (into / "policy.onnx").write_bytes(model.SerializeToString())
    scripted.save(str(into / "policy.pt"))
    return list(exportable.input_names[1:])


def open_session(onnx_file: Path) -> Any:
    """Return an onnxruntime `InferenceSession` on one CPU thread. Raises `ExportError` for an invalid file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(onnx_file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise ExportError(f"the check failed, onnxruntime refuses {onnx_file.name}: {one_line(error)}") from error


def check_policy(actor: Any, group_sizes: dict[str, int], session: Any, torchscript_file: Path) -> CheckResult:
    """Compare `policy.onnx` (`session`) and `policy.pt` with `actor`'s deterministic output.

    `group_sizes` are the sizes of the actor's observation groups, in the order of concatenation. Observations are
    passed one after another, so that a recurrent policy's state is compared too. Raises `ExportError`.
    """
    observations = random_observations(actor, sum(group_sizes.values()))
    expected = _torch_actions(actor, group_sizes, observations)
    if not numpy.isfinite(expected).all():
        raise ExportError("the policy's actions are not finite, its training has diverged: use an older checkpoint")
    largest_action = float(numpy.abs(expected).max())
    tolerance = TOLERANCE * max(1.0, largest_action)
    largest_difference = 0.0
    for name, actual in (
        ("policy.onnx", _onnx_actions(session, observations)),
        ("policy.pt", _torchscript_actions(torchscript_file, observations)),
    ):
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


def random_observations(actor: Any, size: int) -> FloatArray:
    """Return random float32 of shape [OBSERVATIONS, size], the same in every call.

    With the mean and standard deviation of the actor's normalizer if it has one, else standard normal.
    """
    import torch
    from rsl_rl.modules import EmpiricalNormalization

    noise = torch.randn(OBSERVATIONS, size, generator=torch.Generator().manual_seed(0))
    normalizer = getattr(actor, "obs_normalizer", None)
    if isinstance(normalizer, EmpiricalNormalization):
        noise = noise * normalizer.std + normalizer.mean
    return noise.numpy()


def measure_latency(session: Any) -> Latency:
    """Time `TIMED_CALLS` calls of `session` with one observation each, after a warm-up."""
    inputs = _zero_inputs(session)
    nanoseconds = []
    for call in range(WARM_UP_CALLS + TIMED_CALLS):
        start = time.perf_counter_ns()
        session.run(None, inputs)
        if call >= WARM_UP_CALLS:
            nanoseconds.append(time.perf_counter_ns() - start)
    p50, p99 = numpy.percentile(nanoseconds, [50, 99]) / 1000
    return Latency(float(p50), float(p99), TIMED_CALLS)


def _strip_traces(graph: Any) -> None:
    """Remove the exporter's debug information: stack traces with paths of this machine."""
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")


def _torch_actions(actor: Any, group_sizes: dict[str, int], observations: FloatArray) -> FloatArray:
    import torch
    from tensordict import TensorDict

    actions = []
    with torch.inference_mode():
        for row in torch.from_numpy(observations).unsqueeze(1):
            groups = torch.split(row, list(group_sizes.values()), dim=-1)
            actions.append(actor(TensorDict(dict(zip(group_sizes, groups, strict=True)), batch_size=[1])))
    return torch.cat(actions).numpy()


def _onnx_actions(session: Any, observations: FloatArray) -> FloatArray:
    inputs = _zero_inputs(session)
    state_names = [name for name in inputs if name != "obs"]
    actions = []
    for row in observations:
        inputs["obs"] = row[None]
        action, *states = session.run(None, inputs)
        # a recurrent policy returns its states in the order of its inputs
        inputs.update(zip(state_names, states, strict=True))
        actions.append(action)
    return numpy.concatenate(actions)


def _torchscript_actions(file: Path, observations: FloatArray) -> FloatArray:
    import torch

    try:
        policy: Any = torch.jit.load(str(file), map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ExportError(f"the check failed, torch refuses {file.name}: {one_line(error)}") from error
    with torch.inference_mode():
        return torch.cat([policy(row) for row in torch.from_numpy(observations).unsqueeze(1)]).numpy()


def _zero_inputs(session: Any) -> dict[str, FloatArray]:
    return {node.name: numpy.zeros(node.shape, dtype=numpy.float32) for node in session.get_inputs()}
