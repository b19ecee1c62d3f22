"""The request to write a bundle in other programs' formats; `python -m trainer_proc.formats` is a `worker`."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.worker import Worker

FORMATS = ("unitree", "holosoma", "beyondmimic", "gaitkeeper")
"""Names of the formats, which are also the names of their folders in the bundle."""


class FormatsRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which formats to write."""

    bundle: str
    """Absolute path of the bundle's folder."""
    formats: tuple[str, ...]
    """Names of `FORMATS`."""


class FormatsWritten(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """All formats were written, each into a folder of its name in the bundle."""

    folders: tuple[str, ...]
    """Absolute paths, in the order of the request."""
    notes: tuple[str, ...] = ()
    """What the other program must be told, one line each."""


FORMATS_WORKER = Worker("trainer_proc.formats", "conversion", FormatsWritten)
