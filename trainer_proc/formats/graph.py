"""Fits a network to a controller that makes its observation in another order, unit or range.

The fitted network takes the controller's vector, makes the policy's observation from it, and returns the policy's
action in the controller's unit. The program that runs it needs no configuration for what is inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.bundle.card import ONNX
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.network_file import load_network

_PREFIX = "format/"
"""Begins the names of all that is added to the network."""


@dataclass(frozen=True)
class Reading:
    """How each number of the policy's observation is made: take, multiply, add, limit, scale. Lists of its length."""

    size: int
    """Length of the controller's vector."""
    indices: Sequence[int]
    """Where the number is in the controller's vector."""
    factor: Sequence[float]
    shift: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    scale: Sequence[float]
    name: str = "obs"
    """Name of the controller's vector."""


@dataclass(frozen=True)
class Writing:
    """How each of the controller's actions is made of the policy's: limit, take, multiply, add."""

    indices: Sequence[int]
    """Which of the policy's actions each of the controller's is."""
    factor: Sequence[float]
    shift: Sequence[float]
    limit: float | None = None
    """Largest magnitude of the policy's action; None for no limit."""
    name: str = "actions"
    """Name of the controller's action."""


def fitted(
    network: bytes,
    metadata: Mapping[str, str] | None = None,
    reading: Reading | None = None,
    writing: Writing | None = None,
) -> bytes:
    """Return the network with the controller's inputs and outputs, and with `metadata`, by default its own.

    Raises `BundleRefused` for bytes that are no ONNX model.
    """
    import onnx

    model = load_network(onnx, network)
    if reading is not None:
        _read(model.graph, reading)
    if writing is not None:
        _write(model.graph, writing)
    if metadata is not None:
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, dict(metadata))
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # a `ValidationError`, and others
        raise refused(ONNX, "a valid ONNX model", one_line(error), EXPORT_AGAIN) from error
    return bytes(model.SerializeToString())


def limited(network: bytes, limit: float | None, count: int) -> bytes:
    """Return the network with `count` actions of at most `limit` in magnitude; the same bytes without a limit."""
    if limit is None:
        return network
    return fitted(network, writing=Writing(range(count), [1.0] * count, [0.0] * count, limit))


def _read(graph: Any, reading: Reading) -> None:
    chain = _Chain(reading.name, "observation")
    chain.take(reading.indices, reading.size)
    chain.add_unless("Mul", reading.factor, 1.0)
    chain.add_unless("Add", reading.shift, 0.0)
    chain.add_unless("Max", reading.low, -np.inf)
    chain.add_unless("Min", reading.high, np.inf)
    chain.add_unless("Mul", reading.scale, 1.0)
    _rename(graph, "obs", chain.end(), of_outputs=False)
    (vector,) = (value for value in graph.input if value.name == "obs")
    vector.name = reading.name
    vector.type.tensor_type.shape.dim[1].dim_value = reading.size
    chain.insert(graph, at_front=True)


def _write(graph: Any, writing: Writing) -> None:
    inner = f"{_PREFIX}policy_actions"
    _rename(graph, "actions", inner, of_outputs=True)
    chain = _Chain(inner, "action")
    if writing.limit is not None:
        count = len(writing.factor)
        chain.add("Max", np.full(count, -writing.limit, dtype=np.float32))
        chain.add("Min", np.full(count, writing.limit, dtype=np.float32))
    chain.take(writing.indices, len(writing.indices))
    chain.add_unless("Mul", writing.factor, 1.0)
    chain.add_unless("Add", writing.shift, 0.0)
    chain.end(writing.name)
    (action,) = (value for value in graph.output if value.name == "actions")
    action.name = writing.name
    chain.insert(graph, at_front=False)


def _rename(graph: Any, name: str, new: str, *, of_outputs: bool) -> None:
    """Rename a tensor wherever the graph's nodes use it, and where they make it if `of_outputs`."""
    for node in graph.node:
        node.input[:] = [new if one == name else one for one in node.input]
        if of_outputs:
            node.output[:] = [new if one == name else one for one in node.output]


@dataclass
class _Chain:
    """Elementwise nodes, one after the other, from the tensor `last`."""

    last: str
    what: str
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, kind: str, constant: NDArray[Any], **attributes: Any) -> None:
        from onnx import helper, numpy_helper

        name = f"{_PREFIX}{self.what}_{len(self.nodes)}"
        self.constants.append(numpy_helper.from_array(constant, f"{name}_by"))
        self.nodes.append(helper.make_node(kind, [self.last, f"{name}_by"], [name], name=f"{name}_node", **attributes))
        self.last = name

    def take(self, indices: Sequence[int], size: int) -> None:
        """Take numbers of a vector of `size` by their index, unless that changes nothing."""
        if list(indices) != list(range(size)):
            self.add("Gather", np.array(indices, dtype=np.int64), axis=1)

    def add_unless(self, kind: str, values: Sequence[float], neutral: float) -> None:
        """Add a node unless none of its values changes anything."""
        if any(value != neutral for value in values):
            self.add(kind, np.array(values, dtype=np.float32))

    def end(self, name: str = "") -> str:
        """Return the name of the last tensor, `name` unless empty."""
        from onnx import helper

        end = name or f"{_PREFIX}{self.what}"
        self.nodes.append(helper.make_node("Identity", [self.last], [end], name=f"{_PREFIX}{self.what}_end"))
        return end

    def insert(self, graph: Any, *, at_front: bool) -> None:
        old = list(graph.node)
        del graph.node[:]
        graph.node.extend([*self.nodes, *old] if at_front else [*old, *self.nodes])
        graph.initializer.extend(self.constants)
