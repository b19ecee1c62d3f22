"""Messages as MessagePack bytes, and back."""

from __future__ import annotations

import math
import struct
from typing import TypeVar

import msgspec

from trainer_proc.contract.messages import Frame, InterventionQueued
from trainer_proc.contract.orders import Closing, Emitted, Order
from trainer_proc.contract.requests import Reply, Request

_Message = TypeVar("_Message")

_LARGEST_FLOAT32 = 3.4028234663852886e38

_encoder = msgspec.msgpack.Encoder()
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
    """Return the frame. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_frame_decoder, data)


def decode_request(data: bytes | memoryview) -> Request:
    """Return the request. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_request_decoder, data)


def decode_reply(data: bytes | memoryview) -> Reply:
    """Return the reply. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_reply_decoder, data)


def decode_from_trainer(data: bytes) -> Emitted | Closing:
    """Return what the training process sent."""
    return _decode(_from_trainer_decoder, data)


def decode_order(data: bytes) -> Order | InterventionQueued:
    """Return what the wire process sent."""
    return _decode(_order_decoder, data)


def _decode(decoder: msgspec.msgpack.Decoder[_Message], data: bytes | memoryview) -> _Message:
    try:
        return decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # of damaged text, of arrays without end
        raise msgspec.DecodeError(str(error)) from error


def pack_values(values: list[float]) -> bytes:
    """Return float32 little-endian bytes. A magnitude above float32's range becomes infinite."""
    limited = [v if not math.isfinite(v) or abs(v) <= _LARGEST_FLOAT32 else math.copysign(math.inf, v) for v in values]
    return struct.pack(f"<{len(limited)}f", *limited)


def unpack_values(data: bytes) -> tuple[float, ...]:
    """Return the values that `pack_values` was given, at float32's precision."""
    return struct.unpack(f"<{len(data) // 4}f", data)
