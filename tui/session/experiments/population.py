"""What `experiment.toml` holds of a population: when its members are compared, and which copies were decided.

Population based training, Jaderberg et al. 2017 (https://arxiv.org/abs/1711.09846).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Answer = Literal["waiting", "accepted", "vetoed"]
"""`waiting`: the user may still answer; without an answer in time, the copy is accepted."""


class Copy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member that goes on as a fork of another one, with perturbed values."""

    member: str
    """Name of the member that is replaced."""
    source: str
    """Name of the member that is copied."""
    run: str
    """Name of the run's folder whose last checkpoint is copied."""
    values: dict[str, float]
    """Perturbed value by knob."""
    reason: str
    """One line, kept with the change in the journal."""
    answer: Answer = "accepted"


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was decided when all members had trained up to `iteration`."""

    iteration: int
    """First iteration after the comparison."""
    made: float
    """Unix time in seconds."""
    copies: tuple[Copy, ...] = ()
    problem: str = ""
    """Why members could not be compared or copied, one line; empty if all could."""

    def copy_of(self, member: str) -> Copy | None:
        """Return the copy that replaces a member, also one that waits or was vetoed; None if it is not replaced."""
        return next((copy for copy in self.copies if copy.member == member), None)


class Population(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How members are compared and replaced."""

    every: Annotated[int, msgspec.Meta(ge=1)]
    """Iterations from one comparison to the next."""
    quantile: Annotated[float, msgspec.Meta(gt=0, le=0.5)] = 0.25
    """Share of members that are replaced, and share that may be copied."""
    ask_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Time in which the user may veto a copy; 0: copies are not asked about."""
    rounds: tuple[Round, ...] = ()
    """Decided comparisons, the oldest first."""

    def settled(self, now: float) -> Population:
        """Return it with the copies accepted whose time for a veto is over at the Unix time `now`."""
        if not self.rounds or now < self.rounds[-1].made + self.ask_seconds:
            return self
        return self._with_answers({copy.member: "accepted" for copy in self.waiting()})

    def answered(self, member: str, *, accepted: bool) -> Population:
        """Return it with the user's answer to the copy that would replace a member."""
        return self._with_answers({member: "accepted" if accepted else "vetoed"})

    def waiting(self) -> list[Copy]:
        """Return the copies that wait for an answer."""
        return [copy for copy in self.rounds[-1].copies if copy.answer == "waiting"] if self.rounds else []

    def _with_answers(self, answers: dict[str, Answer]) -> Population:
        if not answers:
            return self
        *others, last = self.rounds
        copies = tuple(msgspec.structs.replace(one, answer=answers.get(one.member, one.answer)) for one in last.copies)
        return msgspec.structs.replace(self, rounds=(*others, msgspec.structs.replace(last, copies=copies)))
