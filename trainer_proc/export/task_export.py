"""What a task's own exporter adds to a policy's ONNX file: the reference motion of a tracking task, names of bodies.

Task runners, such as mjlab's `MotionTrackingOnPolicyRunner`, export the policy whenever they save a checkpoint. The
parts of their file that don't depend on the policy's weights are the same at every save; each export takes them over.
"""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_proc.contract.bundle.card import WHOLE_DESCRIPTION
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.run_folder import RunFolder, checkpoint_name, write_atomically

DESCRIBED_HERE = frozenset(
    {
        *("run_path", "task", "backend", "iteration", "control_frequency", "not_included"),
        *("observation_names", "observation_sizes", "observation_terms_scale", "observation_terms_clip"),
        *("observation_terms_history_length", "observation_terms_history_order"),
        *("observation_terms_flatten_history_dim", "command_names", WHOLE_DESCRIPTION),
        *("action_names", "action_kinds", "action_scale", "action_offset", "action_clip", "clip_actions"),
        *("joint_names", "joint_stiffness", "joint_damping", "default_joint_pos"),
        *("joint_effort_limits", "robot_joint_names", "robot_joint_pos", "robot_joint_vel"),
    }
)
"""Metadata that this program describes itself; if it is absent, it is unknown, and the task's exporter guesses."""


@dataclass(frozen=True)
class TaskExport:
    """Metadata beyond `DESCRIBED_HERE`, and an ONNX model of the further inputs and outputs.

    `not_included` has a line for each output that depends on the policy's weights, or for a file that can't be used.
    """

    metadata: dict[str, str]
    model: Any
    not_included: tuple[str, ...] = ()

    @property
    def inputs(self) -> list[str]:
        """Names of the further inputs."""
        return [value.name for value in self.model.graph.input]

    @property
    def outputs(self) -> list[str]:
        """Names of the further outputs."""
        return [value.name for value in self.model.graph.output]


def keep_task_export(runner: Any, folder: RunFolder) -> tuple[str, ...]:
    """Let the runner's class export once, into `params/`, if the saves of this training no longer do.

    Returns a line for each output that can't be taken over. A failure is one too, and the training continues.
    """
    own_save = type(runner).save
    if getattr(runner.save, "__func__", None) is own_save:
        return ()  # its saves write the file beside the checkpoints
    try:
        with tempfile.TemporaryDirectory(prefix="humanoid-tui-task-") as scratch:
            own_save(runner, str(Path(scratch) / checkpoint_name(0)))
            for file in Path(scratch).glob("*.onnx"):
                exportable = runner.alg.get_policy().as_onnx(verbose=False)
                task = _without_policy(file, exportable.input_names, exportable.output_names)
                write_atomically(folder.task_export, task.model.SerializeToString())
                return task.not_included
    except Exception as error:  # an exporter may need what this training lacks
        traceback.print_exc()
        return (f"additions of the task's own exporter: {one_line(error)}",)
    return ()


def with_task_export(
    policy: Any, folder: RunFolder, inputs: Collection[str], outputs: Collection[str]
) -> tuple[Any, TaskExport]:
    """Return the ONNX model `policy` with what the task's own exporter adds to these inputs and outputs.

    The policy's come first. A file that can't be used adds nothing but a line to `not_included`.
    """
    import onnx

    places = (folder.task_export, folder.path / f"{folder.name}.onnx", folder.path / "policy.onnx")
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return policy, TaskExport({}, onnx.ModelProto())
    try:
        task = _without_policy(file, inputs, outputs)
        return (_merged(policy, task.model) if task.outputs else policy), task
    except Exception as error:  # protobuf's and onnx's exceptions share no base class
        problem = f"{file.relative_to(folder.path)} of the task's own exporter: {one_line(error)}"
        return policy, TaskExport({}, onnx.ModelProto(), (problem,))


def _merged(policy: Any, added: Any) -> Any:
    """Return one ONNX model with the inputs and outputs of both, `policy`'s first. Raises `ValueError`."""
    import onnx
    from onnx import compose, version_converter

    (opset,) = (entry.version for entry in policy.opset_import if not entry.domain)
    if [entry.version for entry in added.opset_import if not entry.domain] != [opset]:
        added = version_converter.convert_version(added, opset)
    added = compose.add_prefix(added, "task/", rename_inputs=False, rename_outputs=False)
    if clashes := _names(policy.graph) & _names(added.graph):
        raise ValueError(f"it uses names of the policy: {', '.join(sorted(clashes))}")
    whole = onnx.ModelProto()
    whole.CopyFrom(policy)
    for part in ("node", "initializer", "input", "output"):
        getattr(whole.graph, part).extend(getattr(added.graph, part))
    return whole


def _without_policy(file: Path, inputs: Collection[str], outputs: Collection[str]) -> TaskExport:
    """Return an exported file without the policy: the outputs that its inputs and weights don't reach."""
    import onnx

    model = onnx.load(file)
    graph = model.graph
    free, not_included = [], []
    needed: set[str] = set()
    for output in graph.output:
        if output.name not in outputs:
            names = _ancestors(graph, output.name)
            if names & set(inputs):
                not_included.append(f"output {output.name} of the task's own exporter: it depends on the weights")
            else:
                free.append(output)
                needed |= names
    part = onnx.helper.make_graph(
        nodes=[node for node in graph.node if needed & set(node.output)],
        name="task",
        inputs=[value for value in graph.input if value.name in needed],
        outputs=free,
        initializer=[tensor for tensor in graph.initializer if tensor.name in needed],
    )
    stripped = onnx.helper.make_model(part, opset_imports=list(model.opset_import), ir_version=model.ir_version)
    metadata = {entry.key: entry.value for entry in model.metadata_props if entry.key not in DESCRIBED_HERE}
    onnx.helper.set_model_props(stripped, metadata)
    return TaskExport(metadata, stripped, tuple(not_included))


def _ancestors(graph: Any, output: str) -> set[str]:
    """Return the names of all values that an output is computed from, and its own."""
    producer = {name: node for node in graph.node for name in node.output}
    names: set[str] = set()
    left = [output]
    while left:
        name = left.pop()
        if name not in names:
            names.add(name)
            left += producer[name].input if name in producer else ()
    return names


def _names(graph: Any) -> set[str]:
    return set(_values(graph))


def _values(graph: Any) -> Iterator[str]:
    for node in graph.node:
        yield from node.output
    for value in (*graph.input, *graph.initializer):
        yield value.name
