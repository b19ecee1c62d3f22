"""The buffers of MuJoCo-Warp's `Data`, the same in mjlab (3.11) and in Isaac Lab's Newton (3.12)."""

from __future__ import annotations

from typing import Any

from trainer_proc.metrics.overflow import Buffers


def warp_buffers(model: Any, data: Any, settings: str) -> Buffers:
    """Return the buffers of a model and its data; `settings` is the path of the configuration with their sizes."""
    import warp

    names = ("njmax", "nconmax", "contact_sensor_maxmatch")
    sizes = {
        "njmax": int(data.njmax),
        "nconmax": int(data.naconmax) // int(data.nworld),
        "contact_sensor_maxmatch": int(model.opt.contact_sensor_maxmatch),
    }
    return Buffers(
        overflow=warp.to_torch(data.overflow),
        constraints=warp.to_torch(data.nefc),
        pairs=warp.to_torch(data.ncollision),
        contacts=warp.to_torch(data.nacon),
        sizes=sizes,
        settings={name: f"{settings}.{name}" for name in names},
    )
