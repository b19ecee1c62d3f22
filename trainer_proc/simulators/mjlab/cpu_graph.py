"""Physics of mjlab on a CPU as a recorded graph, which mjlab 1.6 itself uses on CUDA only.

A substep launches about 200 small kernels. From Python each takes 30 µs or more, and each reset compiles six kernels
anew. Warp replays the same launches in C++, with the same results to the bit.
"""

from __future__ import annotations

from typing import Any

from trainer_proc.simulators.recording import CANNOT_RECORD, note_slower_physics


def replay_physics(simulation: Any) -> None:
    """Record step, forward and reset of a `Simulation` on a CPU; what Warp can't record is launched as before.

    mjlab itself records again where it replaces arrays of the model.
    """
    if simulation.wp_device.is_cuda:
        return
    simulation.use_cuda_graph = True
    try:
        simulation.create_graph()
    except CANNOT_RECORD as error:
        note_slower_physics(error)
        simulation.use_cuda_graph = False
        simulation.create_graph()
