"""Physics of mjlab on a CPU as a recorded graph, which mjlab 1.6 itself uses on CUDA only.

A substep launches about 200 small kernels. From Python each takes 30 µs or more, and each reset compiles six kernels
anew. Warp replays the same launches in C++, with the same results to the bit.
"""

from __future__ import annotations

import sys
from typing import Any

from curricula.errors import message_of


def replay_physics(simulation: Any) -> None:
    """Record step, forward and reset of a `Simulation` on a CPU; what Warp can't record is launched as before.

    mjlab itself records again where it replaces arrays of the model.
    """
    if simulation.wp_device.is_cuda:
        return
    simulation.use_cuda_graph = True
    try:
        simulation.create_graph()
    except (RuntimeError, NotImplementedError) as error:
        print(f"NOTE: slower physics, Warp can't record it: {message_of(error, 200)}", file=sys.stderr)  # noqa: T201
        simulation.use_cuda_graph = False
        simulation.create_graph()
