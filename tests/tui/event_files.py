"""Event files as libraries write them: with PyTorch's writer, and byte by byte where something is wrong with them."""

from __future__ import annotations

import struct
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.types_pb2 import DataType
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tui.session.watch.scalars import Parcel, Points, ScalarReader

NAME = "events.out.tfevents.{second:010}.host.1.0"


def framed(data: bytes) -> bytes:
    """Frame data as a record, by TensorBoard's own checksum."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def scalar(tag: str, step: int, value: float, time: float = 0.0) -> bytes:
    return Event(
        wall_time=time, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    ).SerializeToString()


def tensor(tag: str, step: int, kind: str, plugin: str = "scalars", **numbers: object) -> bytes:
    """A scalar as TensorFlow 2 stores it; `numbers` are fields of TensorProto."""
    value = Summary.Value(tag=tag)
    value.tensor.dtype = DataType.Value(kind)
    for field, content in numbers.items():
        if isinstance(content, bytes):
            setattr(value.tensor, field, content)
        else:
            getattr(value.tensor, field).extend(content)
    value.metadata.plugin_data.plugin_name = plugin
    return Event(step=step, summary=Summary(value=[value])).SerializeToString()


def write(folder: Path, *records: bytes, second: int = 1) -> Path:
    """Append records to an event file that was begun at `second`; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME.format(second=second)
    with open(path, "ab") as file:
        if file.tell() == 0:
            file.write(framed(Event(file_version="brain.Event:2").SerializeToString()))
        for record in records:
            file.write(framed(record))
    return path


def scalars_of(*records: bytes) -> dict[str, Points]:
    """Read records of one file at once."""
    chunks = ScalarReader().read([Parcel(list(records))])
    return dict(chunks[0].batch) if chunks else {}


def purge(step: int) -> bytes:
    """The mark of `SummaryWriter(purge_step=step)`: all earlier points from this step on are void."""
    return Event(step=step, session_log=SessionLog(status=SessionLog.START)).SerializeToString()


def curve(tag: str, steps: range, time: float = 1000.0, value: float = 0.0) -> list[bytes]:
    """One scalar a step, a second apart; each value is its step unless one is given."""
    return [scalar(tag, step, value or float(step), time + step) for step in steps]
