"""What a plan of a motion is: keyframes of joint targets, how long each lasts, and how the ankles keep the balance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer_proc.motions.robot import SAGITTAL, Floats


@dataclass(frozen=True)
class Keyframe:
    """Targets that motors move to within `ramp` and then hold."""

    name: str
    seconds: float
    """How long it lasts; infinite for one that a landing ends."""
    ramp: float
    """Time in which the targets change from those before (s)."""
    targets: tuple[float, ...]
    """By joint of `SAGITTAL` (rad). One beyond a joint's range makes the motor's torque larger."""
    balances: bool = False
    """Whether the ankles keep the balance meanwhile."""


@dataclass(frozen=True)
class Plan:
    """Keyframes, and the gains by which ankle targets follow the centre of mass."""

    keyframes: tuple[Keyframe, ...]
    gains: tuple[float, float, float]
    """Of the centre of mass ahead of the feet (rad/m), of its velocity (rad·s/m), and where it should be (m)."""

    def vector(self) -> Floats:
        """Return the numbers that a search may change: targets, logarithms of finite times, gains."""
        times = [np.log(frame.seconds) for frame in self.keyframes if np.isfinite(frame.seconds)]
        return np.concatenate([*(frame.targets for frame in self.keyframes), times, self.gains])

    def scale(self) -> Floats:
        """Return how far the search may begin to vary each number of the vector."""
        times = sum(bool(np.isfinite(frame.seconds)) for frame in self.keyframes)
        of_frame = (0.6, 0.6, 0.4, 0.3, 0.8, 0.4)
        return np.array([*(of_frame * len(self.keyframes)), *([0.3] * times), 1.2, 0.3, 0.05])

    def with_vector(self, vector: Floats) -> Plan:
        """Return the plan with other numbers, in the order of `vector`."""
        count = len(SAGITTAL)
        targets = vector[: count * len(self.keyframes)].reshape(-1, count)
        times = iter(np.exp(vector[targets.size : -3]))
        keyframes = tuple(
            Keyframe(
                frame.name,
                float(next(times)) if np.isfinite(frame.seconds) else frame.seconds,
                frame.ramp,
                tuple(map(float, row)),
                frame.balances,
            )
            for frame, row in zip(self.keyframes, targets, strict=True)
        )
        forward, speed, place = map(float, vector[-3:])
        return Plan(keyframes, (forward, speed, place))
