"""What fast mode has captured, and what runs eagerly and why."""

from __future__ import annotations

from dataclasses import dataclass, field

NOT_YET = "not called often enough yet"


@dataclass
class PartReport:
    """One part of the training step, such as `ppo/update` or `rewards/upright`."""

    name: str
    reason: str = NOT_YET
    """Why it runs eagerly, one line; empty if it is captured."""
    captures: int = 0
    """How often it was captured; each change of what its graph reads captures it again."""
    capture_seconds: float = 0.0
    """Duration of the newest capture, warm-up included."""

    @property
    def is_captured(self) -> bool:
        return not self.reason

    def captured(self, seconds: float) -> None:
        self.reason = ""
        self.captures += 1
        self.capture_seconds = seconds

    def is_eager(self, reason: str) -> None:
        self.reason = reason


@dataclass
class FastReport:
    """All parts of a training step in their order; each part keeps its own entry up to date."""

    parts: list[PartReport] = field(default_factory=list)

    def part(self, name: str) -> PartReport:
        """Return the entry of `name`, a new one if there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        self.parts.append(PartReport(name))
        return self.parts[-1]

    def eager(self) -> dict[str, str]:
        """Return the reason of each part that runs eagerly, by name."""
        return {part.name: part.reason for part in self.parts if not part.is_captured}
