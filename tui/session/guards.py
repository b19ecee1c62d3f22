"""What guards have reported: episodes of trouble, as a fold over frames, and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.monitoring import GuardAction, GuardCalmed, GuardFired
from trainer_proc.contract.requests import Reload, Resume, Stop

_STRONGEST_FIRST: tuple[GuardAction, ...] = ("undone", "paused", "warned")


@dataclass
class Trouble:
    """An episode in which one guard had something to report.

    `first` is its first report and `last` its newest one of `reports`. `ended` is the iteration that ended it, None
    while it lasts.
    """

    first: GuardFired
    last: GuardFired
    reports: int = 1
    action: GuardAction = "warned"
    """The strongest action of the guard."""
    ended: int | None = None

    @property
    def guard(self) -> str:
        return self.first.guard


@dataclass
class Troubles:
    """All episodes of a run, in order of their beginnings."""

    all: list[Trouble] = field(default_factory=list)
    _open: dict[str, Trouble] = field(default_factory=dict)

    @property
    def present(self) -> list[Trouble]:
        """The episodes that last, oldest first."""
        return list(self._open.values())

    def fired(self, body: GuardFired) -> None:
        """Add a report to the guard's episode, or begin one."""
        trouble = self._open.get(body.guard)
        if trouble is None:
            trouble = self._open[body.guard] = Trouble(body, body, 0)
            self.all.append(trouble)
        trouble.last = body
        trouble.reports += 1
        trouble.action = min(trouble.action, body.action, key=_STRONGEST_FIRST.index)

    def calmed(self, body: GuardCalmed) -> None:
        """End the guard's episode."""
        trouble = self._open.pop(body.guard, None)
        if trouble is not None:
            trouble.ended = body.iteration

    def closed(self, iteration: int | None) -> None:
        """End all episodes: the training has ended, or another process of it has begun."""
        for guard in list(self._open):
            self.calmed(GuardCalmed(guard, iteration or 0))

    def at(self, iteration: int | None) -> list[Trouble]:
        """Return the episodes that last, or that ended with the training at `iteration`; oldest first."""
        return [trouble for trouble in self.all if trouble.ended is None or trouble.ended == iteration]

    def is_new(self, body: GuardFired) -> bool:
        """Return whether a report, the newest of its guard or not, is worth a notification.

        A warning is one at the beginning of an episode only; what a guard has done is always one.
        """
        return body.action != "warned" or any(trouble.first is body for trouble in reversed(self.all))


def present_text(present: Sequence[Trouble]) -> str:
    """Return the steady state for a header: the guards in trouble, each since its iteration; empty for none."""
    return "! " + ", ".join(f"{trouble.guard} @{trouble.first.iteration}" for trouble in present) if present else ""


def ways_on(phase: PhaseChanged) -> dict[str, tuple[str, Resume | Reload | Stop]]:
    """Return what gets a paused training on: text and request by name, the best way first."""
    ways: dict[str, tuple[str, Resume | Reload | Stop]] = {}
    if phase.good_checkpoint:
        ways["reload"] = (f"reload {phase.good_checkpoint} and continue", Reload())
    if phase.is_resumable:
        ways["continue"] = ("continue as it is", Resume())
    end = "save a checkpoint and stop" if phase.is_resumable else "stop; the policy is not finite, nothing is saved"
    return ways | {"stop": (end, Stop())}


def asks_how_to_go_on(phase: PhaseChanged) -> bool:
    """Return whether there is more to decide about a pause than to continue."""
    return bool(phase.good_checkpoint) or not phase.is_resumable


def ways_as_commands(phase: PhaseChanged, run: str) -> list[str]:
    """Return the commands that get a run on after such a pause, with what each does; empty if a pause simply ends."""
    if phase.phase != "paused" or not asks_how_to_go_on(phase):
        return []
    arguments = {"reload": f"resume {run} --reload", "continue": f"resume {run}", "stop": f"stop {run}"}
    return [f"humanoid-tui {arguments[way]}: {text}" for way, (text, _) in ways_on(phase).items()]


def ways_text(phase: PhaseChanged) -> str:
    """Return the ways on in a few words; empty if a pause simply ends."""
    if not asks_how_to_go_on(phase):
        return ""
    ways = ways_on(phase)
    short = {"reload": f"reload {phase.good_checkpoint}", "continue": "continue", "stop": "stop"}
    return " or ".join(short[way] for way in ways if way != "stop" or "continue" not in ways)
