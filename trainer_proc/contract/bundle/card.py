"""The bundle: the files of an export, and `policy.json`, which describes all of them."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.messages import InterventionApplied

CARD = "policy.json"
ONNX = "policy.onnx"
TORCHSCRIPT = "policy.pt"
WEIGHTS = "policy_weights.pt"
"""Weights, normalizer, layer sizes and description for other PyTorch programs."""
ROBOT_MODEL = "robot.xml"
WHOLE_DESCRIPTION = "policy_json"
"""Key of the metadata of `policy.onnx` whose value is the `PolicyDescription` in JSON, in full precision."""
REFERENCE = "reference.json"
"""Result of the verification's suite in the training simulator."""
TRACE = "trace.npz"
"""A short trajectory of the policy in the training simulator, `contract.bundle.trace`."""
LARGEST_FILE = 1 << 30
"""Bytes of a file of the bundle."""
VERIFICATION = "verification.json"
"""Result of the verification in MuJoCo, with the hashes of what was verified."""

BUNDLE_FILES = (CARD, ONNX, TORCHSCRIPT, WEIGHTS, ROBOT_MODEL, "policy.onnx.data", VERIFICATION, REFERENCE, TRACE)
"""Files of a bundle, which the next one takes away; other exporters write `policy.onnx.data`.

The card is placed last and taken away first: a folder without it has no complete export.
"""


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


class PolicyCard(PolicyDescription, frozen=True, kw_only=True):
    """The exported `policy.json`: the policy's description, its origin, and the result of the check.

    `format` is the schema's version (`description.FORMAT`).

    Input `obs` is float32 [1, `observation_size`], the terms concatenated as listed and not normalized: the normalizer
    is inside. Output `actions` is float32 [1, `num_actions`], before `action_scale` and `action_offset`.
    """

    run: str
    """Name of the run's folder."""
    iteration: int
    """Iteration of the checkpoint; -1 if unknown."""
    observation_size: int
    """Length of the observation vector."""
    image_inputs: list[str]
    """Further inputs after `obs`: images, float32 [1, channels, height, width] by `image_shapes`."""
    recurrent_inputs: list[str]
    """Further inputs, zero at first and then the outputs after `actions` of the last call."""
    task_inputs: list[str]
    """Further inputs that the task's own exporter adds, such as the time step of a motion."""
    task_outputs: list[str]
    """Further outputs that the task's own exporter adds, such as the reference motion at that step."""
    task_metadata: dict[str, str]
    """Metadata that the task's own exporter adds, such as the names of tracked bodies."""
    git_commit: str | None
    """Commit of the working directory, with `-dirty` after it if tracked files were changed."""
    versions: dict[str, str]
    """Versions of Python and the packages in `RECORDED_VERSIONS`."""
    onnx_sha256: str
    """SHA-256 of `policy.onnx`, in hexadecimal."""
    files: dict[str, str]
    """SHA-256 in hexadecimal of each file beside this one that belongs to the bundle, by name."""
    check: CheckResult
    latency: Latency
    interventions: list[InterventionApplied]
    """All changes of the run up to the export, including those after the checkpoint."""
    journal_problem: str
    """Reason why `interventions` is incomplete; empty if it is complete."""
