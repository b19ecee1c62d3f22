"""A Compose file for trainings in containers, which the dashboard of the host sees as its own.

Specification: https://github.com/compose-spec/compose-spec
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.connection import LONGEST_FOLDER
from trainer_proc.contract.install import clone_folder

COMPOSE, LOGS, SOCKETS = "compose.yaml", "logs", "sockets"
"""Names of the file and of the folders beside it."""
_INSIDE = "/work"
"""Working folder in the container."""


class ContainerError(UserError):
    """The Compose file can't be written."""


@dataclass(frozen=True)
class Container:
    """What trains: a backend for a user of the host, with a number of GPUs, 0 for a CPU alone."""

    folder: Path
    backend: str
    """One of `BACKENDS`."""
    gpus: int
    user: int
    group: int


def own_container(folder: Path, backend: str, gpus: int) -> Container:
    """Return the containers of the present user, whose files lie in `folder`."""
    return Container(folder.absolute(), backend, gpus, os.getuid(), os.getgid())


def compose_text(container: Container) -> str:
    """Return the content of `compose.yaml`. Raises `ContainerError`."""
    clone = clone_folder()
    if clone is None:
        raise ContainerError("expected humanoid-tui in a clone of its repository: the image is built from it")
    sockets = container.folder / SOCKETS
    if len(os.fsencode(sockets)) >= LONGEST_FOLDER:
        raise ContainerError(
            f"expected a folder for sockets of less than {LONGEST_FOLDER} bytes, got {sockets}",
            hint="write to a folder with a shorter path",
        )
    image = _IMAGES[container.backend]
    processes = f"--processes {container.gpus} " if container.gpus > 1 else ""
    lines = [
        *_HEAD,
        "services:",
        "  training:",
        f"    image: {image.name}",
        f"    build: {{context: {_scalar(clone)}, dockerfile: {image.dockerfile}}}",
        f'    user: "{container.user}:{container.group}" # of the shared folders',
        "    pid: host # the dashboard outside finds the training by its process",
        "    network_mode: host",
        "    stop_grace_period: 2m # a training that is stopped finishes its iteration and saves a checkpoint",
        *_gpu_lines(container.gpus),
        "    environment:",
        f"      TMPDIR: {_scalar(sockets)} # a training makes its sockets there",
        *image.environment,
        "    volumes:",
        f"      - {{type: bind, source: {_scalar(container.folder / LOGS)}, target: {_INSIDE}/logs/rsl_rl}}",
        "      # the same path inside and outside: a run's connection names its sockets by it",
        f"      - {{type: bind, source: {_scalar(sockets)}, target: {_scalar(sockets)}}}",
        *(f"      - {{type: volume, source: {name}, target: {target}}}" for name, target in image.volumes.items()),
        f"    command: launch ${{PRESET:-{image.preset}}} --foreground {processes}${{OPTIONS:-}}",
        "volumes:",
        *(f"  {name}:" for name in image.volumes),
        "",
    ]
    return "\n".join(lines)


def make_folders(container: Container) -> None:
    """Make the folders that container and host share; one that the engine would make belongs to root."""
    (container.folder / LOGS).mkdir(parents=True, exist_ok=True)
    (container.folder / SOCKETS).mkdir(mode=0o700, exist_ok=True)


def _gpu_lines(gpus: int) -> list[str]:
    if not gpus:
        return []
    device = f"{{driver: nvidia, count: {gpus}, capabilities: [gpu]}}"
    memory = ["    shm_size: 8gb # NCCL between processes"] if gpus > 1 else []
    return [*memory, f"    deploy: {{resources: {{reservations: {{devices: [{device}]}}}}}}"]


def _scalar(path: Path) -> str:
    """Return a path as YAML's double-quoted scalar, which JSON's is; Compose would replace a variable."""
    return json.dumps(str(path)).replace("$", "$$")


@dataclass(frozen=True)
class _Image:
    name: str
    dockerfile: str
    preset: str
    volumes: dict[str, str]
    """Place in the container of each volume, by its name: what is made again, slowly, without it."""
    environment: tuple[str, ...] = ()


_IMAGES = {
    "mjlab": _Image("humanoid-tui", "docker/Dockerfile", "g1-walk", {"home": "/home/trainer"}),
    "isaaclab": _Image(
        "humanoid-tui-isaaclab",
        "docker/Dockerfile.isaaclab",
        "isaac-g1-walk",
        {
            "home": "/home/trainer",
            "kit-cache": "/isaac-sim/kit/cache",
            "kit-data": "/isaac-sim/kit/data",
            "kit-logs": "/isaac-sim/kit/logs",
        },
        (
            "      # https://www.nvidia.com/en-us/agreements/enterprise-software/nvidia-software-license-agreement",
            "      ACCEPT_EULA: ${ACCEPT_EULA:?read the licence of Isaac Sim and set it to Y}",
            "      OMNI_KIT_ACCEPT_EULA: ${ACCEPT_EULA}",
            "      PRIVACY_CONSENT: ${PRIVACY_CONSENT:-N}",
        ),
    ),
}
_HEAD = (
    "# Trainings in containers, written by humanoid-tui docker --write. Run these commands in the folder of this file.",
    "#   start:   PRESET=NAME OPTIONS='--num-envs auto' docker compose up --build",
    "#   attach:  humanoid-tui attach latest --logs logs",
    "#   inside:  docker compose exec training humanoid-tui attach latest",
    "#   stop:    docker compose stop",
)
