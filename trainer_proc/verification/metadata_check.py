"""Compares the metadata of `policy.onnx` with `policy.json`: other programs read one of them, the runner the other."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.bundle.card import CARD, ONNX, WHOLE_DESCRIPTION
from trainer_proc.contract.bundle.description import PolicyDescription
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.json_content import decode_json
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.errors import EXPORT_AGAIN


def metadata_faults(bundle: Bundle) -> tuple[str, ...]:
    """Return a line that names the fields which differ; nothing if all agree, or the file has no description."""
    text = bundle.session.get_modelmeta().custom_metadata_map.get(WHOLE_DESCRIPTION)
    if text is None:
        return ()
    try:
        described = decode_json(text, PolicyDescription)
    except msgspec.DecodeError as error:
        return (f"{ONNX}: its metadata {WHOLE_DESCRIPTION} can't be read ({one_line(error)}); {EXPORT_AGAIN}",)
    fields = described.__struct_fields__
    differing = [name for name in fields if getattr(described, name) != getattr(bundle.card, name)]
    if not differing:
        return ()
    return (f"{', '.join(differing)}: {CARD} says something else than the metadata of {ONNX}; {EXPORT_AGAIN}",)
