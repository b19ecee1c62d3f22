"""What formats are made of, and YAML as the programs read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from trainer_proc.contract.bundle.card import PolicyCard


@dataclass(frozen=True)
class Source:
    """What a format is made of."""

    card: PolicyCard
    network: bytes
    """Content of `policy.onnx`."""
    robot_model: bytes | None
    """The robot's MuJoCo model; None without one."""


@dataclass(frozen=True)
class FormatFiles:
    """The files of one format."""

    files: Mapping[str, bytes]
    """Content by path in the format's folder."""
    notes: tuple[str, ...] = ()
    """What the other program must be told, one line each."""


Format: TypeAlias = Callable[[Source], FormatFiles]
"""Makes the files of a bundle. Raises `BundleRefused` with the field that can't be run."""


def yaml_text(content: Mapping[str, Any]) -> bytes:
    """Return YAML 1.1 with numbers in full precision and each list of numbers in one paragraph."""
    import yaml

    text: str = yaml.safe_dump(content, default_flow_style=None, sort_keys=False, width=120)
    return text.encode()
