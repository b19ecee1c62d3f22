"""What the program on a host sends through `ssh`: records of MessagePack on its standard output, behind a greeting.

A byte comes back for each message. So the sender knows that somebody still listens, whatever happened to the network.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from typing import IO, Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from trainer_proc.contract.limits import Count, Iteration
from trainer_proc.contract.records import RecordDamaged, contents, record_of
from trainer_proc.contract.trainer_lock import Trainer
from tui.session.hosts.host import Host, HostError
from tui.session.state import RunStatus

PROTOCOL = 1
"""Changes when older programs can't read the messages any more."""
GREETING = b"\nhumanoid-tui host stream\n"
_LONGEST_NOISE = 64 * 1024
"""Bytes that the shell there may print before the greeting."""
_PIECE = 256 * 1024
ACKNOWLEDGED = b"."

Line: TypeAlias = Annotated[str, Meta(max_length=4096)]


class Hello(msgspec.Struct, frozen=True, tag=True):
    """The first message."""

    protocol: int
    version: Line


class GpuLoad(msgspec.Struct, frozen=True):
    """A GPU; values that its driver does not report are None."""

    index: int
    utilisation: float | None
    """Share of recent time with any kernel running, 0 to 1."""
    memory_used_bytes: int | None
    memory_total_bytes: int | None


class MachineLoad(msgspec.Struct, frozen=True):
    """Load of a host."""

    cores: int
    cpu: float | None
    """Share of all cores, 0 to 1."""
    memory_used_bytes: int
    memory_total_bytes: int
    gpus: Annotated[tuple[GpuLoad, ...], Meta(max_length=256)] = ()


class RunRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of the host's list of runs; fields as in `RunSummary` and `RunSpec`."""

    path: Line
    """Its folder there."""
    status: RunStatus
    preset: Line = ""
    task: Line = ""
    experiment: Line = ""
    device: Line = ""
    num_envs: Count = 0
    parent: Line = ""
    checkpoint: Line = ""
    iteration: Iteration | None = None
    iterations: Count = 0
    reward: float | None = None
    success: float | None = None
    seconds: float = 0.0
    rewards: Annotated[tuple[tuple[int, float], ...], Meta(max_length=1000)] = ()
    problem: Line = ""
    reason: Line = ""
    warning: Line = ""
    damage: Line = ""
    title: Line = ""
    note: Line = ""
    tags: Annotated[tuple[Line, ...], Meta(max_length=1000)] = ()
    starred: bool = False
    archived: bool = False


class HostReport(msgspec.Struct, frozen=True, tag=True):
    """Load of the host, and what has changed in its list of runs since the last report."""

    load: MachineLoad
    changed: Annotated[tuple[RunRow, ...], Meta(max_length=100_000)] = ()
    gone: Annotated[tuple[Line, ...], Meta(max_length=100_000)] = ()


class Found(msgspec.Struct, frozen=True, tag=True):
    """Folder of the run that was asked for."""

    path: Line


class Piece(msgspec.Struct, frozen=True, tag=True):
    """Bytes of a file of a run: they follow those before `offset`, and nothing follows them."""

    file: Literal["run.toml", "labels.toml", "code.diff", "code.toml", "journal.msgpack", "console.log"]
    offset: Count
    """The file's size before, or 0: all that was sent before is void."""
    data: Annotated[bytes, Meta(max_length=1024 * 1024)]


class BundlePiece(msgspec.Struct, frozen=True, tag=True):
    """Bytes of a file of a bundle; `Found` follows the last of all files."""

    file: Line
    """Relative to the bundle."""
    offset: Count
    """The file's size before."""
    data: Annotated[bytes, Meta(max_length=1024 * 1024)]


class Pulse(msgspec.Struct, frozen=True, tag=True):
    """Whether the training of a run lives; sent when it changes, and every few seconds."""

    is_live: bool
    is_lost: bool = False
    """Whether the training process is of another machine or boot."""
    publish: Line = ""
    """Sockets of its wire, as in `contract.connection`; empty without a wire."""
    control: Line = ""
    robot: Line = ""
    trainer: Trainer | None = None
    is_complete: bool = False
    """Whether all of the files was sent up to now; before, there are no sockets."""


Message: TypeAlias = Hello | HostReport | Found | Piece | BundlePiece | Pulse

_decoder = msgspec.msgpack.Decoder(Message)


class MessageWriter:
    """The end on the host."""

    def __init__(self, output: IO[bytes]) -> None:
        """Greet. Raises `OSError`, as `send` does, if nobody listens."""
        self._output = output
        output.write(GREETING)
        self.send(Hello(PROTOCOL, importlib.metadata.version("humanoid-tui")))

    def send(self, message: Message) -> None:
        self._output.write(record_of(msgspec.msgpack.encode(message)))
        self._output.flush()


def read_messages(host: Host, descriptor: int) -> Iterator[Message]:
    """Yield the messages behind `Hello`, until the stream ends. Raises `HostError`."""
    data = _behind_greeting(host, descriptor)
    has_greeted = False
    while True:
        for message in _decoded(host, data):
            if isinstance(message, Hello):
                _check(host, message)
                has_greeted = True
            elif has_greeted:
                yield message
        if not (piece := os.read(descriptor, _PIECE)):
            return
        data += piece


def _behind_greeting(host: Host, descriptor: int) -> bytearray:
    data = bytearray()
    while GREETING not in data:
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return bytearray()
        data += piece
        if len(data) > _LONGEST_NOISE + _PIECE:
            raise HostError(f"{host.name}: its shell prints too much before the program starts")
    return data.partition(GREETING)[2]


def _decoded(host: Host, data: bytearray) -> list[Message]:
    """Return the complete messages of `data`, and cut them off."""
    messages, done = [], 0
    try:
        for content, end in contents(bytes(data)):
            messages.append(_decoder.decode(content))
            done = end
    except (RecordDamaged, msgspec.MsgspecError) as error:
        raise HostError(
            f"{host.name}: its program sends what this one can't read ({str(error) or 'no record'})",
            hint="use one version on both machines",
        ) from None
    del data[:done]
    return messages


def _check(host: Host, hello: Hello) -> None:
    if hello.protocol != PROTOCOL:
        own = importlib.metadata.version("humanoid-tui")
        raise HostError(
            f"{host.name}: expected humanoid-tui {own} there, got {hello.version}",
            hint="use one version on both machines",
        )
