"""Rollouts during training: a checkpoint is saved, and a process of its own records what its policy does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from presets.rollouts import PeriodicRollout
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import RolloutFailed, RolloutRecorded
from trainer_proc.contract.rollout_request import ROLLOUT, Recorded, RolloutRequest
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.training.periodic_work import Arrived, PeriodicWork


class PeriodicRollouts(PeriodicWork[Recorded]):
    """Records rollouts of checkpoints as `asked`, with the same seed: what differs is the policy."""

    worker = ROLLOUT

    def __init__(
        self,
        folder: RunFolder,
        asked: PeriodicRollout,
        emit: Callable[[TrainerBody], None],
        python: tuple[str, ...] = (sys.executable,),
        turn: threading.Lock | None = None,
    ) -> None:
        super().__init__(folder, asked.every, asked.device, emit, python, turn)
        self._asked = asked

    def request(self, checkpoint: Path) -> RolloutRequest:
        return RolloutRequest(
            run=str(self.folder.path),
            policy=str(checkpoint),
            seconds=self._asked.seconds,
            command=self._asked.command or (),
            terrain=self._asked.terrain or "",
            device=self.device,
        )

    def log(self) -> Path:
        return self.folder.rollouts / "console.log"

    def finished(self, iteration: int, checkpoint: Path, result: Recorded, seconds: float) -> Arrived:
        path = str(Path(result.path).relative_to(self.folder.path))
        return Arrived(iteration, RolloutRecorded(iteration, path, result.falls, seconds), {})

    def failed(self, iteration: int, reason: str) -> RolloutFailed:
        return RolloutFailed(iteration, reason)
