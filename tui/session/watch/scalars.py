"""Scalars in the records of an event file, in all storage formats."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui.session.watch import EventFileError


@dataclass(frozen=True)
class Points:
    """Values of one metric in the order in which they were logged; all arrays have shape (n,).

    `steps` are whole numbers as logged, `values` are float32, `times` are seconds since 1970.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float32]
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    def where(self, chosen: NDArray[np.bool_]) -> Points:
        """Return the points where `chosen`, of shape (n,), is true."""
        return Points(self.steps[chosen], self.values[chosen], self.times[chosen])


Batch: TypeAlias = Mapping[str, Points]
"""Points by metric."""

_FIELDS: dict[str, tuple[str, np.dtype[Any]]] = {
    "DT_FLOAT": ("float_val", np.dtype("<f4")),
    "DT_DOUBLE": ("double_val", np.dtype("<f8")),
    "DT_INT8": ("int_val", np.dtype("<i1")),
    "DT_UINT8": ("int_val", np.dtype("<u1")),
    "DT_INT16": ("int_val", np.dtype("<i2")),
    "DT_UINT16": ("int_val", np.dtype("<u2")),
    "DT_INT32": ("int_val", np.dtype("<i4")),
    "DT_UINT32": ("uint32_val", np.dtype("<u4")),
    "DT_INT64": ("int64_val", np.dtype("<i8")),
    "DT_UINT64": ("uint64_val", np.dtype("<u8")),
    "DT_BOOL": ("bool_val", np.dtype("?")),
    "DT_HALF": ("half_val", np.dtype("<f2")),
    "DT_BFLOAT16": ("half_val", np.dtype("<u2")),
}
"""Field of a small tensor of each type, and its dtype in raw bytes."""


class ScalarReader:
    """Extracts the scalars of one run; histograms, images and the like are skipped."""

    def __init__(self) -> None:
        """Raise `EventFileError` without TensorBoard's package."""
        try:
            protocol: Any = importlib.import_module("tensorboard.compat.proto.event_pb2")
            types: Any = importlib.import_module("tensorboard.compat.proto.types_pb2")
        except ImportError as error:
            raise EventFileError("the package tensorboard is missing", hint="uv pip install tensorboard") from error
        self._parse = protocol.Event.FromString
        self._fields = {types.DataType.Value(name): field for name, field in _FIELDS.items()}
        self._bfloat16 = types.DT_BFLOAT16
        self._plugins: dict[str, str] = {}
        self.records_damaged = 0
        """Number of unreadable records."""

    def read(self, records: list[bytes]) -> Batch:
        """Return the scalars of these records, by name."""
        columns: defaultdict[str, tuple[list[int], list[float], list[float]]]
        columns = defaultdict(lambda: ([], [], []))
        for record in records:
            try:
                event = self._parse(record)
            except Exception:  # protobuf's DecodeError moves between its versions
                self.records_damaged += 1
                continue
            if not event.HasField("summary"):
                continue
            step, time = event.step, event.wall_time
            for value in event.summary.value:
                number = value.simple_value if value.WhichOneof("value") == "simple_value" else self._number(value)
                if number is not None:
                    steps, numbers, times = columns[value.tag]
                    steps.append(step)
                    numbers.append(number)
                    times.append(time)
        return {name: _points(*column) for name, column in columns.items()}

    def _number(self, value: Any) -> float | None:
        """Return the number of a one-element tensor; None for all other summaries."""
        if value.WhichOneof("value") != "tensor":
            return None
        if plugin := value.metadata.plugin_data.plugin_name:  # may come with the first value of a tag only
            self._plugins[value.tag] = plugin
        if self._plugins.get(value.tag, "scalars") != "scalars":
            return None
        tensor = value.tensor
        if tensor.dtype not in self._fields:
            return None
        field, kind = self._fields[tensor.dtype]
        numbers = np.frombuffer(tensor.tensor_content, kind) if tensor.tensor_content else getattr(tensor, field)
        if len(numbers) != 1:
            return None
        if field == "half_val" and not tensor.tensor_content:
            numbers = np.array(numbers, "<u2").view(kind)
        if tensor.dtype == self._bfloat16:
            return float((np.array(numbers, "<u4") << 16).view("<f4")[0])
        return float(numbers[0])


def _points(steps: list[int], values: list[float], times: list[float]) -> Points:
    with np.errstate(over="ignore"):  # beyond float32: shown as infinite
        numbers = np.array(values, dtype=np.float64).astype(np.float32)
    return Points(np.array(steps, dtype=np.int64), numbers, np.array(times, dtype=np.float64))
