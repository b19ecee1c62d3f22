"""Encodes messages as MessagePack bytes, and decodes them."""

from __future__ import annotations

import math
import struct
from typing import Any, TypeVar, get_args

import msgspec

from trainer_proc.contract.errors import ProtocolTooNew
from trainer_proc.contract.messages import PROTOCOL, Body, Frame, InterventionQueued, RunStarted
from trainer_proc.contract.orders import Closing, Emitted, Order
from trainer_proc.contract.requests import Reply, Request
from trainer_proc.contract.stand_ins import UnknownBody

_Message = TypeVar("_Message")

_LARGEST_FLOAT32 = 3.4028234663852886e38

_KNOWN_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(Body))


class _AnyBody(msgspec.Struct):
    """What can be read of a body of any kind and version."""

    type: str
    protocol: Any = PROTOCOL


class _AnyFrame(msgspec.Struct, array_like=True):
    """What can be read of a frame whose body may be of any kind and version."""

    number: int
    time: float
    body: _AnyBody


_encoder = msgspec.msgpack.Encoder()
_any_frame_decoder = msgspec.msgpack.Decoder(_AnyFrame)
_frame_decoder = msgspec.msgpack.Decoder(Frame)
_request_decoder = msgspec.msgpack.Decoder(Request)
_from_trainer_decoder: msgspec.msgpack.Decoder[Emitted | Closing] = msgspec.msgpack.Decoder(Emitted | Closing)
_order_decoder: msgspec.msgpack.Decoder[Order | InterventionQueued] = msgspec.msgpack.Decoder(
    Order | InterventionQueued
)
_reply_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode(message: Frame | Request | Reply | Emitted | Closing | Order | InterventionQueued) -> bytes:
    """Return the message's MessagePack bytes."""
    return _encoder.encode(message)


def decode_frame(data: bytes | memoryview) -> Frame:
    """Return the frame; its body is an `UnknownBody` if this version does not know the kind.

    Raises `ProtocolTooNew` at the start of a run of a newer major version, `msgspec.DecodeError` (or its
    `ValidationError`) if the bytes are no frame.
    """
    try:
        frame = _decode(_frame_decoder, data)
    except msgspec.ValidationError as error:
        return _frame_of_other_version(data, error)
    if isinstance(frame.body, RunStarted) and frame.body.protocol > PROTOCOL:
        raise ProtocolTooNew(frame.body.protocol)
    return frame


def _frame_of_other_version(data: bytes | memoryview, error: msgspec.ValidationError) -> Frame:
    """Return a frame of an unknown kind without its content; raise `error` if the kind is a known one."""
    frame = _decode(_any_frame_decoder, data)
    kind, protocol = frame.body.type, frame.body.protocol
    if kind == RunStarted.__name__ and not (isinstance(protocol, int) and protocol <= PROTOCOL):
        raise ProtocolTooNew(protocol)
    if kind in _KNOWN_KINDS:
        raise error
    return Frame(frame.number, frame.time, UnknownBody(kind))


def decode_request(data: bytes | memoryview) -> Request:
    """Return the request. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_request_decoder, data)


def decode_reply(data: bytes | memoryview) -> Reply:
    """Return the reply. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_reply_decoder, data)


def decode_from_trainer(data: bytes) -> Emitted | Closing:
    """Return a message of the training process. Raises `msgspec.DecodeError`."""
    return _decode(_from_trainer_decoder, data)


def decode_order(data: bytes) -> Order | InterventionQueued:
    """Return a message of the wire process. Raises `msgspec.DecodeError`."""
    return _decode(_order_decoder, data)


def _decode(decoder: msgspec.msgpack.Decoder[_Message], data: bytes | memoryview) -> _Message:
    try:
        return decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # damaged text, endlessly nested arrays
        raise msgspec.DecodeError(str(error)) from error


def pack_values(values: list[float]) -> bytes:
    """Return `values` as little-endian float32 bytes. A magnitude above float32's range becomes infinite."""
    limited = [v if not math.isfinite(v) or abs(v) <= _LARGEST_FLOAT32 else math.copysign(math.inf, v) for v in values]
    return struct.pack(f"<{len(limited)}f", *limited)


def unpack_values(data: bytes) -> tuple[float, ...]:
    """Return the values that `pack_values` packed, with float32 precision."""
    return struct.unpack_from(f"<{len(data) // 4}f", data)
