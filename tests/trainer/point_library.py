"""A library that trains one number."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from trainer_proc.rl_libraries.runner import LibraryLogger, LibraryRunner, LibraryWriter


class PointRunner(LibraryRunner):
    """A library whose policy is one number, to which an iteration adds one; it wants a checkpoint after each."""

    library = "points"

    def __init__(self, folder):
        logger = LibraryLogger(folder, LibraryWriter(lambda *_: None, str))
        super().__init__(SimpleNamespace(), SimpleNamespace(), logger, "cpu")
        self.weight = torch.zeros(1)
        self.is_closed = False

    def state(self):
        return {"weight": self.weight}

    def policy_state(self):
        return {"point": {"weight": self.weight}}

    def set_state(self, content):
        self.weight = content["weight"]

    def collect(self):
        return {}

    def reset_non_finite_environments(self):
        pass

    def close_writer(self):
        self.is_closed = True

    def _train(self, total_iterations):
        self._begin()
        for iteration in range(self.current_learning_iteration, total_iterations):
            self.current_learning_iteration = iteration
            self.weight = self.weight + 1
            self._save_is_due = True
            self._end_iteration(10)
