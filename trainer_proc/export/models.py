"""Writes an actor as ONNX and TorchScript, by rsl-rl's own wrappers (`as_onnx`, `as_jit`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError

OPSET = 18
IR_VERSION = 8
"""ONNX format version that came with opset 18; onnxruntime reads it from 1.14 on."""


@dataclass(frozen=True)
class PolicyModels:
    """An actor as ONNX model and as TorchScript, not written yet.

    `inputs` and `outputs` have the names that rsl-rl gives them. The first input is `obs`, then come images, then the
    state of a recurrent policy. The first output is `actions`, then comes the next state.
    """

    model: Any
    inputs: Sequence[str]
    outputs: Sequence[str]
    scripted: Any


def make_models(actor: Any) -> PolicyModels:
    """Return the actor's models. Raises `ExportError` for an actor that torch can't export."""
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
    except Exception as error:  # an exporter may not know a layer
        raise ExportError(f"torch can't export this actor, use a model of its library: {one_line(error)}") from error
    _strip_traces(model.graph)
    return PolicyModels(model, exportable.input_names, exportable.output_names, scripted)


def write_models(model: Any, scripted: Any, metadata: dict[str, str], into: Path) -> None:
    """Write `policy.onnx`, with `metadata`, and `policy.pt`. Raises `ExportError` or `OSError`."""
    import onnx

    model.ir_version = IR_VERSION
    onnx.helper.set_model_props(model, metadata)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the checker's exceptions share no base class
        raise ExportError(f"the exported model is not valid ONNX: {one_line(error)}") from error
    (into / "policy.onnx").write_bytes(model.SerializeToString())
    scripted.save(str(into / "policy.pt"))


def _strip_traces(graph: Any) -> None:
    """Remove the exporter's debug information: stack traces with paths of this machine."""
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
