"""The pause of a training: who has paused it, and how it can continue.

A guard's pause always has a way out: continue as it is, unless the policy is not finite; reload the newest checkpoint
from before the problem; or stop.
"""

from __future__ import annotations

from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.steering.interface import Actions
from trainer_proc.steering.ranks import GuardOrder, Ranks, ReloadOrder


class PauseState:
    """Whether the training is to be paused; the same on every rank."""

    def __init__(self) -> None:
        self.is_on = False
        self._guard = self._reason = ""
        self._good_before: int | None = None
        """Checkpoints from this iteration on may show the guard's problem."""
        self._waiting: PhaseChanged | None = None
        """The phase while the training waits; None before."""

    @property
    def good_before(self) -> tuple[int, ...]:
        """The iteration from which on checkpoints may show the guard's problem; empty without one."""
        return () if self._good_before is None else (self._good_before,)

    def by_user(self) -> None:
        """Pause on request; the reason of a guard's pause stays."""
        if not self.is_on:
            self.is_on, self._guard, self._reason = True, "", ""

    def by_guard(self, order: GuardOrder, message: str) -> None:
        """Pause because of a guard's finding; of several, the first is the reason."""
        before = order.iteration - order.iterations + 1
        self._good_before = before if self._good_before is None else min(before, self._good_before)
        if not (self.is_on and self._guard):
            self._guard, self._reason = order.guard, f"guard {order.guard}: {message}"
        self.is_on = True

    def resume(self, actions: Actions) -> None:
        """Continue as it is. Ignored if that is impossible, or if the guard has paused after the request."""
        is_before_pause = self._guard and self._waiting is None
        if is_before_pause or (self._waiting is not None and not self._waiting.is_resumable):
            return
        if self._guard:
            actions.reset_non_finite()
        self.end()

    def end(self) -> None:
        self.is_on = False
        self._guard = self._reason = ""
        self._good_before = self._waiting = None

    def reload_order(self, actions: Actions) -> ReloadOrder:
        """Return the order to load the newest good checkpoint, as rank 0 sees them."""
        return ReloadOrder(actions.newest_good(self._good_before))

    def waiting(self, iteration: int, actions: Actions, ranks: Ranks, kernel_modules: int) -> PhaseChanged:
        """Return the phase of a training that waits after `iteration`. All ranks must call this equally often."""
        if self._waiting is None:
            is_resumable = ranks.all(actions.is_finite())
            offers_reload = not ranks.rank and (self._guard or not is_resumable)
            self._waiting = PhaseChanged(
                "paused",
                self._reason or f"after iteration {iteration}",
                kernel_modules,
                is_resumable,
                actions.newest_good(self._good_before) if offers_reload else "",
            )
        return self._waiting
