"""Progress of a starting training in lines: one for all kernel modules, however many there are."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType

from trainer_proc.contract.messages import Frame, IterationFinished, PhaseChanged
from trainer_proc.contract.products import EvaluationFailed, EvaluationFinished, RolloutFailed, RolloutRecorded
from tui.commands.shared.output import say
from tui.session.evaluation_text import evaluation_result
from tui.session.guards import ways_as_commands
from tui.session.rollout_text import rollout_result
from tui.session.state import RunState
from tui.session.text import plain


class ProgressLines:
    """Prints phases and iterations. Kernel modules share a line, which a terminal shows growing."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._modules = 0
        self._began = self._ended = 0.0
        self._phase = ""

    def __enter__(self) -> ProgressLines:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end_modules()

    def show(self, frame: Frame, state: RunState) -> None:
        """Print what `frame` reports; `state` is the fold up to it."""
        match frame.body:
            case PhaseChanged(phase="compiling") as body:
                self._count_module(body, frame.time)
            case PhaseChanged() as body:
                self._end_modules()
                phase = f"{body.phase}{': ' if body.detail else ''}{body.detail}"
                if phase != self._phase:  # else modules were compiled in the middle of it
                    run = state.started.run if state.started is not None else ""
                    say("\n  ".join([phase, *ways_as_commands(body, run)]))
                self._phase = phase
            case IterationFinished() as body:
                self._end_modules()
                reward = state.latest.get("Train/mean_reward")
                done = f"iteration {body.iteration + 1} of {state.last_iteration + 1}"
                say(done + (f", reward {reward:.4g}" if reward is not None else ""))
            case EvaluationFinished() | EvaluationFailed() as body:
                self._end_modules()
                say(evaluation_result(body))
            case RolloutRecorded() | RolloutFailed() as body:
                self._end_modules()
                say(rollout_result(body))
            case _:
                pass

    def _count_module(self, body: PhaseChanged, time: float) -> None:
        self._began = self._began if self._modules else time
        self._modules, self._ended = body.kernel_modules, time
        if self._is_terminal:
            line = f"compiling: {_counted(body.kernel_modules)}, {body.detail}"
            say(plain(line)[: shutil.get_terminal_size().columns - 1], end="", replaces_line=True)

    def _end_modules(self) -> None:
        if not self._modules:
            return
        seconds = self._ended - self._began
        time = f" in {seconds:.0f} s" if seconds >= 1 else ""
        say(f"compiling: {_counted(self._modules)}{time}", replaces_line=self._is_terminal)
        self._modules = 0


def _counted(modules: int) -> str:
    return f"{modules} kernel module{'' if modules == 1 else 's'}"
