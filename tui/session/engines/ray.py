"""Ray as an engine: the jobs of the cluster that the user's settings name."""

from __future__ import annotations

import hashlib
import secrets

from tui.session.engines.job import EngineError, JobState
from tui.session.engines.ray_jobs import RayJobs
from tui.session.settings.config import SettingsError, read_config
from tui.session.settings.engines import RaySettings

_FORGOTTEN = JobState("lost", "unknown to the cluster: its head was restarted")
_ELSEWHERE = JobState("lost", "on another cluster than that of [engines.ray] address")


class Ray:
    """The jobs of one cluster. A job's id ends with its cluster, so that no other one is asked about it."""

    title = "Ray"
    most_waiting = 4
    """Ray fails a job that has waited for 15 minutes. Several let its autoscaler add several nodes at once."""

    def states(self, ids: list[str]) -> dict[str, JobState]:
        """Return the states of jobs. Raises `EngineError`."""
        address = ray_settings().address
        states = {id: _ELSEWHERE for id in ids if not is_of(id, address)}
        if own := [id for id in ids if is_of(id, address)]:
            known = RayJobs(address).states()
            states |= {id: known.get(id, _FORGOTTEN) for id in own}
        return states

    def cancel(self, id: str) -> None:
        """End a job, waiting or running; nothing for one that has ended. Raises `EngineError`."""
        RayJobs(ray_settings().address).stop(id)


def ray_settings() -> RaySettings:
    """Return `[engines.ray]` of the user's settings. Raises `EngineError`."""
    try:
        return read_config().engines.ray
    except SettingsError as error:
        raise EngineError(str(error)) from error


def new_id(address: str) -> str:
    """Return a new id for a job of the cluster with this address."""
    return f"{secrets.token_hex(4)}-{_cluster(address)}"


def is_of(id: str, address: str) -> bool:
    """Return whether a job is one of the cluster with this address."""
    return id.endswith(f"-{_cluster(address)}")


def _cluster(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:8]
