"""Every message between a trainer and its dashboards, as msgspec structs encoded with MessagePack.

Frames go out: numbered from 0, appended to the journal and published with the same bytes.
Requests come in on the control socket; each gets one reply, at once.
"""

from __future__ import annotations

import math
import struct
from typing import Literal, TypeVar

import msgspec

PROTOCOL = 1
"""Raised when a dashboard of the last version could no longer read a journal of this one."""

WELCOME = b"welcome"
"""What a subscriber receives first: from then on it misses no frame."""

PhaseName = Literal["building", "compiling", "training", "paused", "stopping", "finished", "failed"]
TERMINAL_PHASES: frozenset[str] = frozenset({"finished", "failed"})
TakesEffect = Literal["next iteration", "at each environment's reset", "re-randomized now", "needs a restart"]
Origin = Literal["person", "launch", "curriculum", "ramp", "guard", "schedule"]


class Knob(msgspec.Struct, frozen=True):
    """One value that can be changed while the training runs.

    `minimum` and `maximum` are inclusive; None means unbounded. `read_only` holds the reason why the knob
    can't be turned and is empty where it can. `metric` names the published metric that shows its effect.
    """

    name: str
    kind: str
    value: float
    default: float
    takes_effect: TakesEffect
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    read_only: str = ""
    metric: str = ""


class Change(msgspec.Struct, frozen=True):
    """One knob's value before and after an intervention."""

    knob: str
    old: float
    new: float


# --- Frame bodies -----------------------------------------------------------------------------------------


class RunStarted(msgspec.Struct, frozen=True, tag=True):
    """First frame of every trainer process in a run's journal."""

    run: str
    preset: str
    backend: str
    task: str
    device: str
    num_envs: int
    iterations: int
    seed: int
    pid: int
    protocol: int = PROTOCOL


class PhaseChanged(msgspec.Struct, frozen=True, tag=True):
    """Where the trainer is. `kernel_modules` counts the simulator's kernel modules loaded so far."""

    phase: PhaseName
    detail: str = ""
    kernel_modules: int = 0


class KnobsAvailable(msgspec.Struct, frozen=True, tag=True):
    """All knobs of the built environment, in the order in which they are shown."""

    revision: int
    knobs: tuple[Knob, ...]


class MetricSet(msgspec.Struct, frozen=True, tag=True):
    """Names that later `IterationFinished` frames refer to by `id`; which metrics exist differs by iteration."""

    id: int
    names: tuple[str, ...]


class IterationFinished(msgspec.Struct, frozen=True, tag=True):
    """One PPO iteration. `values` are little-endian float32, one for each name of the metric set.

    `environment_steps` counts steps of all environments since the process started; `seconds_left` is an
    estimate from the recent pace.
    """

    iteration: int
    metric_set: int
    values: bytes
    environment_steps: int
    seconds_left: float


class InterventionQueued(msgspec.Struct, frozen=True, tag=True):
    """A validated change that waits for the next iteration boundary."""

    number: int
    origin: Origin
    changes: tuple[Change, ...]
    note: str = ""


class InterventionApplied(msgspec.Struct, frozen=True, tag=True):
    """The change is in force: `new` values are read back from the object that the simulator uses.

    `iteration` is the first whose rollout is collected under the new values.
    """

    number: int
    origin: Origin
    iteration: int
    revision: int
    changes: tuple[Change, ...]
    note: str = ""


class CheckpointSaved(msgspec.Struct, frozen=True, tag=True):
    """A whole checkpoint file, its path relative to the run's folder."""

    iteration: int
    path: str


class CheckpointFailed(msgspec.Struct, frozen=True, tag=True):
    """No checkpoint was written; `reason` is one line. The training goes on."""

    iteration: int
    reason: str


class ExportStarted(msgspec.Struct, frozen=True, tag=True):
    """The weights of `iteration` were copied; training stood still for `stall_ms`."""

    iteration: int
    stall_ms: float


class ExportFinished(msgspec.Struct, frozen=True, tag=True):
    """A checked policy lies in `folder` (relative to the run's). Latency is for one thread and one observation."""

    iteration: int
    folder: str
    largest_difference: float
    latency_p50_us: float
    latency_p99_us: float
    rate_hz: float


class ExportFailed(msgspec.Struct, frozen=True, tag=True):
    """No file was written; `reason` is one line."""

    iteration: int
    reason: str


TrainerBody = (
    RunStarted
    | PhaseChanged
    | KnobsAvailable
    | MetricSet
    | IterationFinished
    | InterventionApplied
    | CheckpointSaved
    | CheckpointFailed
    | ExportStarted
    | ExportFinished
    | ExportFailed
)
"""What the training process says."""

Body = TrainerBody | InterventionQueued


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """A numbered body; `time` is Unix time in seconds."""

    number: int
    time: float
    body: Body


# --- Requests and replies ---------------------------------------------------------------------------------


class Tune(msgspec.Struct, frozen=True, tag=True):
    """Change knobs, all of them or none. `revision` refuses the request if the knobs have changed since."""

    values: dict[str, float]
    note: str = ""
    origin: Origin = "person"
    revision: int | None = None


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Hold the training at the next iteration boundary."""


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Go on from a pause."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Save a checkpoint at the next iteration boundary, then end."""


class Save(msgspec.Struct, frozen=True, tag=True):
    """Save a checkpoint at the next iteration boundary."""


class Export(msgspec.Struct, frozen=True, tag=True):
    """Export the current policy at the next iteration boundary."""


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Ask whether the trainer listens; always accepted."""


Command = Tune | Pause | Resume | Stop | Save | Export | Ping


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A command with the number that its reply carries."""

    id: int
    command: Command


class Accepted(msgspec.Struct, frozen=True, tag=True):
    """The request is valid and will be carried out. `intervention` numbers what a Tune became."""

    request_id: int
    intervention: int | None = None
    message: str = ""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Nothing was changed; `reason` is one line that says what to do."""

    request_id: int
    reason: str


Reply = Accepted | Refused

# --- Between the training process and its wire process ----------------------------------------------------


class Emitted(msgspec.Struct, frozen=True, tag=True):
    """A body on its way to its number, emitted at `time`. An intervention of the trainer's own has number 0."""

    time: float
    body: TrainerBody


class Closing(msgspec.Struct, frozen=True, tag=True):
    """The training process is done; nothing follows."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The wire process listens."""


Order = Ready | Pause | Resume | Stop | Save | Export
"""What the wire process passes on, beside interventions."""

_Message = TypeVar("_Message")

_LARGEST_FLOAT32 = 3.4028234663852886e38

_encoder = msgspec.msgpack.Encoder()
_frame_decoder = msgspec.msgpack.Decoder(Frame)
_request_decoder = msgspec.msgpack.Decoder(Request)
_from_trainer_decoder: msgspec.msgpack.Decoder[Emitted | Closing] = msgspec.msgpack.Decoder(Emitted | Closing)
_order_decoder: msgspec.msgpack.Decoder[Order | InterventionQueued] = msgspec.msgpack.Decoder(
    Order | InterventionQueued
)
_reply_decoder: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def encode(message: Frame | Request | Reply | Emitted | Closing | Order | InterventionQueued) -> bytes:
    """Return the message's MessagePack bytes."""
    return _encoder.encode(message)


def decode_frame(data: bytes | memoryview) -> Frame:
    """Return the frame. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_frame_decoder, data)


def decode_request(data: bytes | memoryview) -> Request:
    """Return the request. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_request_decoder, data)


def decode_reply(data: bytes | memoryview) -> Reply:
    """Return the reply. Raises `msgspec.DecodeError` (or its `ValidationError`) if the bytes are none."""
    return _decode(_reply_decoder, data)


def decode_from_trainer(data: bytes) -> Emitted | Closing:
    """Return what the training process sent."""
    return _decode(_from_trainer_decoder, data)


def decode_order(data: bytes) -> Order | InterventionQueued:
    """Return what the wire process sent."""
    return _decode(_order_decoder, data)


def _decode(decoder: msgspec.msgpack.Decoder[_Message], data: bytes | memoryview) -> _Message:
    try:
        return decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # of damaged text, of arrays without end
        raise msgspec.DecodeError(str(error)) from error


def pack_values(values: list[float]) -> bytes:
    """Return float32 little-endian bytes. A magnitude above float32's range becomes infinite."""
    limited = [v if not math.isfinite(v) or abs(v) <= _LARGEST_FLOAT32 else math.copysign(math.inf, v) for v in values]
    return struct.pack(f"<{len(limited)}f", *limited)


def unpack_values(data: bytes) -> tuple[float, ...]:
    """Return the values that `pack_values` was given, at float32's precision."""
    return struct.unpack(f"<{len(data) // 4}f", data)
