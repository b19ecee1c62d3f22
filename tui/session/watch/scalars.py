"""Scalars in the records of an event file, in all storage formats."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.install import package_command
from tui.session.watch import EventFileError


@dataclass(frozen=True)
class Points:
    """Values of one metric in the order in which they were logged; all arrays have shape (n,).

    `steps` are whole numbers as logged, `values` are float32, `times` are seconds since 1970. `files` are the places of
    their files among all files of the run, by age.
    """

    steps: NDArray[np.int64]
    values: NDArray[np.float32]
    times: NDArray[np.float64]
    files: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.steps)

    def where(self, chosen: NDArray[np.bool_]) -> Points:
        """Return the points where `chosen`, of shape (n,), is true."""
        return self._rows(chosen)

    def between(self, start: int, stop: int) -> Points:
        """Return the points from `start` to before `stop`."""
        return self._rows(slice(start, stop))

    def at_steps(self, steps: NDArray[np.int64]) -> Points:
        """Return the points at other steps, of shape (n,)."""
        return replace(self, steps=steps)

    def _rows(self, chosen: NDArray[np.bool_] | slice) -> Points:
        return Points(self.steps[chosen], self.values[chosen], self.times[chosen], self.files[chosen])


Batch: TypeAlias = Mapping[str, Points]
"""Points by metric."""


@dataclass(frozen=True)
class Parcel:
    """Records of one file, whose place by age is `file`; names of metrics get `part` appended, unless it is empty."""

    records: list[bytes]
    file: int = 0
    part: str = ""


@dataclass(frozen=True)
class Chunk:
    """Points that were logged one after the other.

    `purge_from`: before them a writer declared that all earlier points from this step on, of all metrics, are void
    (`SessionLog.START`, written by `SummaryWriter(purge_step=...)`).
    """

    batch: Batch
    purge_from: int | None = None


_Columns: TypeAlias = defaultdict[str, tuple[list[int], list[float], list[float], list[int]]]
"""Steps, values, times and files of each metric."""


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
            raise EventFileError("the package tensorboard is missing", hint=package_command("tensorboard")) from error
        self._parse = protocol.Event.FromString
        self._start = protocol.SessionLog.START
        self._fields = {types.DataType.Value(name): field for name, field in _FIELDS.items()}
        self._bfloat16 = types.DT_BFLOAT16
        self._plugins: dict[str, str] = {}
        self.records_damaged = 0
        """Number of unreadable records."""

    def read(self, parcels: Iterable[Parcel]) -> list[Chunk]:
        """Return the scalars of these records by name, in chunks that end where earlier points become void."""
        chunks: list[Chunk] = []
        columns = _no_columns()
        purge_from: int | None = None
        for parcel in parcels:
            for event in self._events(parcel.records):
                if event.HasField("summary"):
                    self._take(event, parcel, columns)
                elif event.HasField("session_log") and event.session_log.status == self._start:
                    chunks.append(_chunk(columns, purge_from))
                    columns, purge_from = _no_columns(), event.step
        chunks.append(_chunk(columns, purge_from))
        return [chunk for chunk in chunks if chunk.batch or chunk.purge_from is not None]

    def tags_in(self, records: list[bytes]) -> set[str]:
        """Return the names of everything in these records."""
        return {value.tag for event in self._events(records) for value in event.summary.value}

    def _events(self, records: list[bytes]) -> Iterable[Any]:
        for record in records:
            try:
                yield self._parse(record)
            except Exception:  # protobuf's DecodeError moves between its versions
                self.records_damaged += 1

    def _take(self, event: Any, parcel: Parcel, columns: _Columns) -> None:
        step, time, file, part = event.step, event.wall_time, parcel.file, parcel.part
        for value in event.summary.value:
            number = value.simple_value if value.WhichOneof("value") == "simple_value" else self._number(value)
            if number is not None:
                steps, numbers, times, files = columns[f"{value.tag}/{part}" if part else value.tag]
                steps.append(step)
                numbers.append(number)
                times.append(time)
                files.append(file)

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


def _no_columns() -> _Columns:
    return defaultdict(lambda: ([], [], [], []))


def _chunk(columns: _Columns, purge_from: int | None) -> Chunk:
    return Chunk({name: _points(*column) for name, column in columns.items()}, purge_from)


def _points(steps: list[int], values: list[float], times: list[float], files: list[int]) -> Points:
    with np.errstate(over="ignore"):  # beyond float32: shown as infinite
        numbers = np.array(values, dtype=np.float64).astype(np.float32)
    return Points(
        np.array(steps, dtype=np.int64),
        numbers,
        np.array(times, dtype=np.float64),
        np.array(files, dtype=np.int32),
    )
