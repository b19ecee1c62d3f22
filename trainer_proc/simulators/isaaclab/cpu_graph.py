"""Physics of Isaac Lab's Newton on a CPU as a recorded graph, which Isaac Lab 3 itself uses on CUDA only.

Only substeps of the MuJoCo-Warp solver are recorded: hundreds of kernels, and nothing else. Actuators, sensors and
callbacks, which may use torch, run from Python as before. Results are equal to the bit.
"""

from __future__ import annotations

from typing import Any

import warp

from trainer_proc.simulators.recording import CANNOT_RECORD, note_slower_physics, record


def replay_physics(simulation: Any) -> None:
    """Let a `SimulationContext` on a CPU replay the substeps of its solver; other solvers and devices are left alone.

    Isaac Lab's manager of the physics is a class. This simulation gets a subclass of its own.
    """
    solver: Any = getattr(simulation.physics_manager, "_solver", None)
    if "cpu" not in simulation.device or getattr(solver, "mjw_model", None) is None or solver.use_mujoco_cpu:
        return
    manager = simulation.physics_manager.step.__self__  # the class behind Isaac Lab's reference by name
    substeps = Substeps(manager)
    replaying = {"_run_solver_substeps": classmethod(lambda _, contacts: substeps.run(contacts))}
    simulation.physics_manager = type(manager.__name__, (manager,), replaying)


class Substeps:
    """Runs the substeps of one physics step; the second time it records them, from then on it replays them.

    The first time allocates what the solver needs. Another solver, state or number of substeps begins again.
    """

    def __init__(self, manager: Any) -> None:
        self.graph: Any = None
        self.can_record = True
        self._manager = manager
        self._source: tuple[Any, ...] = ()

    def run(self, contacts: Any) -> None:
        if self._is_recorded(contacts):
            warp.capture_launch(self.graph)
        else:
            self._manager._run_solver_substeps(contacts)

    def _is_recorded(self, contacts: Any) -> bool:
        """Return whether there is a graph of these substeps; records it if it is time to."""
        manager, backend = self._manager, self._manager.backend
        if not self.can_record or manager._state_force_callbacks:  # which may be other than Warp's
            return False
        solver, substeps = manager._solver, manager._num_substeps
        interval = max(solver.update_data_interval, 1)
        if substeps % interval:  # the solver counts its steps in Python, and does not do the same in each
            return False
        objects = (solver, backend.state_0, backend.control, contacts, manager._staged_body_f)  # their arrays stay
        if not self._repeats((*objects, manager._solver_dt, substeps, solver._step % interval)):
            return False
        if self.graph is None:
            self._record(contacts)
        return self.can_record

    def _repeats(self, source: tuple[Any, ...]) -> bool:
        """Return whether the last substeps had the same source; otherwise forget their graph."""
        if len(source) == len(self._source) and all(one is two for one, two in zip(source, self._source, strict=True)):
            return True
        self._source, self.graph = source, None
        return False

    def _record(self, contacts: Any) -> None:
        """Record the substeps, which executes nothing."""
        try:
            self.graph = record(lambda: self._manager._run_solver_substeps(contacts))
        except CANNOT_RECORD as error:
            note_slower_physics(error)
            self.can_record = False
