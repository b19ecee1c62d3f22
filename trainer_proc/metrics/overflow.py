"""Full buffers of MuJoCo-Warp: contacts and constraints beyond them are lost, and the simulation is wrong.

Both simulators use MuJoCo-Warp (mjlab 1.6, Newton in Isaac Lab 3). It sets a bit in `Data.overflow` of the environment
and prints a line. Source of the bits: `mujoco_warp.OverflowType` (3.11).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

_CONSTRAINTS, _CONTACTS, _MATCHES = "njmax", "nconmax", "contact_sensor_maxmatch"
_KINDS = (
    ("constraints", _CONSTRAINTS),
    ("entries of the constraint Jacobian", _CONSTRAINTS),
    ("pairs of near geometries", _CONTACTS),
    ("contacts", _CONTACTS),
    ("contacts of convex shapes", _CONTACTS),
    ("contacts with a height field", ""),
    ("matches of contact sensors", _MATCHES),
    ("active degrees of freedom", ""),
    ("edges between convex shapes", ""),
)
"""What is lost by each bit, from the lowest, and the setting of the buffer's size; later bits lose nothing."""
SAMPLED_STEPS = 8
"""Steps from one sample of the numbers needed to the next; a full buffer is seen in any step."""
_ROOM = 1.5
"""Room above the largest number needed so far, in the recommended size."""


@dataclass(frozen=True)
class Buffers:
    """MuJoCo-Warp's buffers: views of what it writes, sizes and the names of the settings.

    Settings are paths for `--override`, by `njmax`, `nconmax` and `contact_sensor_maxmatch`.
    """

    overflow: torch.Tensor
    """Bits of each environment, of shape [num_envs]; set until the environment is reset."""
    constraints: torch.Tensor
    """Constraints that the last physics step needed in each environment, of shape [num_envs]."""
    pairs: torch.Tensor
    """Pairs of near geometries that it needed in all environments together, of shape [1]."""
    contacts: torch.Tensor
    """Contacts that it needed in all environments together, of shape [1]."""
    sizes: Mapping[str, int]
    settings: Mapping[str, str]


class BufferSource(Protocol):
    """The part of a `trainer_proc.simulators.interface.Simulator` that knows the buffers."""

    def buffers(self) -> Buffers | None:
        """Return MuJoCo-Warp's buffers; None on other physics."""

    def before_reset(self, call: Callable[[], None]) -> None:
        """Have `call` called before each reset of environments that clears the overflow bits."""


class BufferOverflow:
    """Collects overflow on the device, without synchronization.

    Bits stay until a reset, so they are kept then and at the end of the iteration. Numbers needed are sampled.
    """

    def __init__(self, buffers: Buffers) -> None:
        self._buffers = buffers
        self._bits = torch.zeros_like(buffers.overflow)
        self._most = torch.zeros_like(self._needs())
        each = [1 << bit for bit in range(len(_KINDS))]
        self._masks = torch.tensor([*each, sum(each)], dtype=self._bits.dtype, device=self._bits.device)
        self._host: torch.Tensor | None = None
        self._pinned: torch.Tensor | None = None
        self._copied: Any = None
        self._needed: dict[str, int] = {}
        self._steps = 0
        self.problem = ""
        """What was lost in the newest iteration and which setting to change, in one line; empty if nothing was."""

    def keep_bits(self) -> None:
        """Keep the bits of environments that are about to be reset."""
        self._bits.bitwise_or_(self._buffers.overflow)

    def step(self) -> None:
        """Record a step of the environments: a few kernels every `SAMPLED_STEPS` steps."""
        self._steps += 1
        if self._steps % SAMPLED_STEPS == 0:
            self._sample()

    def _sample(self) -> None:
        torch.maximum(self._most, self._needs(), out=self._most)

    def finish(self) -> None:
        """Begin to copy the iteration's numbers to the host; the next one starts empty."""
        self.keep_bits()
        self._sample()
        environments = len(self._bits)
        lost = (self._bits.unsqueeze(-1) & self._masks).bool().sum(0)
        self._copy(torch.cat([lost, self._most[:environments].amax(0, keepdim=True), self._most[environments:]]))
        self._bits.zero_()
        self._buffers.overflow.zero_()  # nothing reads the bits; otherwise they stay until the environment is reset
        self._most.zero_()

    def collect(self) -> dict[str, float]:
        """Return the metrics of the iteration that `finish` ended; empty while their copy is on the way.

        `Simulation/overflow` is the share of environments, 0 to 1, that lost something in any step. The largest
        numbers needed in the sampled steps are `Simulation/constraints` in an environment and `Simulation/contacts`,
        the mean over the environments. Never waits for the device.
        """
        if self._host is None or (self._copied is not None and not self._copied.query()):
            return {}
        *lost, environments, constraints, pairs, contacts = self._host.tolist()
        self._host = None
        count = len(self._bits)
        for key, needed in ((_CONSTRAINTS, constraints), (_CONTACTS, math.ceil(max(pairs, contacts) / count))):
            self._needed[key] = max(needed, self._needed.get(key, 0))
        self.problem = self._problem(lost, environments / count) if environments else ""
        return {
            "Simulation/overflow": environments / count,
            "Simulation/constraints": float(constraints),
            "Simulation/contacts": contacts / count,
        }

    def _needs(self) -> torch.Tensor:
        """Return the constraints of each environment, then all pairs and all contacts; of shape [num_envs + 2]."""
        return torch.cat([self._buffers.constraints, self._buffers.pairs, self._buffers.contacts])

    def _copy(self, numbers: torch.Tensor) -> None:
        if not numbers.is_cuda:
            self._host = numbers
            return
        if self._pinned is None:
            self._pinned = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
        self._host = self._pinned.copy_(numbers, non_blocking=True)
        self._copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._copied.record(torch.cuda.current_stream(numbers.device))

    def _problem(self, lost: list[int], share: float) -> str:
        what = [kind for (kind, _), count in zip(_KINDS, lost, strict=True) if count]
        keys = dict.fromkeys(key for (_, key), count in zip(_KINDS, lost, strict=True) if count and key)
        advice = [advised for key in keys if (advised := self._advice(key))]
        found = f"{100 * share:.3g} % of the environments lost {' and '.join(what)}"
        return f"{found}: {' and '.join(advice)}" if advice else f"{found}: use simpler collision geometry"

    def _advice(self, key: str) -> str:
        setting, size = self._buffers.settings.get(key), self._buffers.sizes.get(key, 0)
        needed = self._needed.get(key, 0)
        if setting is None:
            return ""
        size_needed = needed if needed > size else 2 * size  # what was lost first is not counted further
        return f"set {setting}={8 * math.ceil(_ROOM * size_needed / 8)} (now {size})"
