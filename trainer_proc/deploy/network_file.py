"""Reads a bundle's network, which may come from a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainer_proc.contract.bundle.card import ONNX
from trainer_proc.contract.errors import one_line
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused


def load_network(onnx: Any, content: bytes) -> Any:
    """Return onnx's `ModelProto` of a network that has all its weights inside. Raises `BundleRefused`.

    Of weights outside, onnx opens whatever file of the current folder they name.
    """
    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf's exceptions share no base class with onnx's
        raise refused(ONNX, "an ONNX model", one_line(error), EXPORT_AGAIN) from error
    for part in _parts(model):
        if isinstance(part, onnx.TensorProto) and (part.external_data or part.data_location):
            raise refused(f"{ONNX}: {part.name}", "weights in this file", "those of another file", EXPORT_AGAIN)
    return model


def _parts(message: Any) -> Iterator[Any]:
    """Yield all messages in a protobuf message, also those of subgraphs, attributes and functions."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else (value,):
                yield part
                yield from _parts(part)
