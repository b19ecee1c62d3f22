"""`[engines]` of the settings: programs that place trainings on the machines of a cluster.

Resources are also the `engine` table of a run, which may come from anybody. So their texts hold no blanks: none of them
can become an option of its own.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

_WORD, _WORD_TITLE = r"^[\w.,:+=/()\[\]-]*\Z", "a text without blanks"
_AMOUNT = r"^[\w.:-]+=\d+(\.\d+)?\Z"
_MOST = 10_000


class SlurmResources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Resources of a Slurm job; an empty or zero one is left to Slurm."""

    partition: Annotated[
        str, Meta(pattern=_WORD, title=_WORD_TITLE, description="Partition; empty: Slurm's default")
    ] = ""
    account: Annotated[
        str, Meta(pattern=_WORD, title=_WORD_TITLE, description="Account that pays; empty: your default")
    ] = ""
    time: Annotated[
        str,
        Meta(
            pattern=_WORD,
            title=_WORD_TITLE,
            description="Time limit such as 4:00:00 or 2-00:00:00; empty: the partition's",
        ),
    ] = ""
    nodes: Annotated[int, Meta(ge=1, le=_MOST, description="Nodes that train together, each with all processes")] = 1
    gpus: Annotated[int, Meta(ge=0, le=_MOST, description="GPUs on each node; 0: train on the CPU")] = 1
    cpus: Annotated[int, Meta(ge=0, le=_MOST, description="CPU cores on each node; 0: Slurm's default")] = 0
    memory: Annotated[
        str,
        Meta(pattern=_WORD, title=_WORD_TITLE, description="Memory on each node such as 64G; empty: Slurm's default"),
    ] = ""


class SlurmSettings(SlurmResources, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`[engines.slurm]`: resources of jobs, unless `launch --resource` gives others."""

    lines: Annotated[
        list[str], Meta(description='Further options of every job, as after #SBATCH, such as ["--qos=high"]')
    ] = []


class RayResources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Resources of a Ray job, as a trial of Ray Tune has them."""

    nodes: Annotated[int, Meta(ge=1, le=_MOST, description="Nodes that train together, each with all processes")] = 1
    cpus: Annotated[float, Meta(ge=0.01, le=_MOST, description="CPU cores on each node")] = 1.0
    gpus: Annotated[
        float, Meta(ge=0, le=_MOST, description="GPUs on each node; 0.5: two trainings share one; 0: train on the CPU")
    ] = 1.0
    memory: Annotated[float, Meta(ge=0, le=_MOST, description="Memory on each node in GiB; 0: none is reserved")] = 0.0


class RaySettings(RayResources, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`[engines.ray]`: the cluster, and the resources of jobs, unless `launch --resource` gives others."""

    address: Annotated[
        str,
        Meta(
            pattern=r"^https?://[\w.:\[\]-]+\Z",
            title="an address such as http://127.0.0.1:8265",
            description="Address of the cluster's Jobs server",
        ),
    ] = "http://127.0.0.1:8265"
    python: Annotated[
        str, Meta(min_length=1, description="The cluster's Python, which has Ray, for trainings on several nodes")
    ] = "python"
    custom: Annotated[
        list[Annotated[str, Meta(pattern=_AMOUNT, title="texts such as accelerator_type:H100=0.001")]],
        Meta(description='Further resources of every job, such as ["accelerator_type:H100=0.001"]'),
    ] = []


class Engines(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[engines]`: programs that place trainings on the machines of a cluster."""

    slurm: SlurmSettings = SlurmSettings()
    ray: RaySettings = RaySettings()


RESOURCES: dict[str, type[msgspec.Struct]] = {"slurm": SlurmResources, "ray": RayResources}
"""Resources by engine. The settings of an engine have the same fields, and may have more."""
