"""The training process of `benchmarks/overhead.py`: measures iterations and the wrappers of steering."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

STEP = "process_env_step"


class Stopwatch:
    """Sums the time spent in callables, by name, and the time of this thread's processor in it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.processor: dict[str, float] = defaultdict(float)

    def clear(self) -> None:
        self.seconds.clear()
        self.processor.clear()

    def around(self, name: str, function: Any) -> Any:
        """Return a timed callable with the behaviour and the attributes of `function`."""
        return _Timed(name, function, self)


class _Timed:
    def __init__(self, name: str, function: Any, stopwatch: Stopwatch) -> None:
        self._name, self._function, self._stopwatch = name, function, stopwatch

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        began, worked = time.perf_counter(), time.thread_time()
        try:
            return self._function(*args, **kwargs)
        finally:
            self._stopwatch.seconds[self._name] += time.perf_counter() - began
            self._stopwatch.processor[self._name] += time.thread_time() - worked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


def train(options: argparse.Namespace) -> None:
    """Build the training, then run a block for each line `go` on standard input."""
    began = time.perf_counter()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # rsl-rl prints a table per iteration, which must not mix with the replies
    runner = build(options)
    inner, outer = Stopwatch(), Stopwatch()
    facts: dict[str, Any] = {"knobs": 0, "scalars": 0, "control": ""}
    _time(runner, inner)
    if options.child == "steered":
        facts |= _steer(runner, options.success)
        _time(runner, outer)
    Blocks(runner, options.iterations, facts, inner=inner, outer=outer, replies=replies, began=began)
    runner.learn(num_learning_iterations=10**6, init_at_random_ep_len=True)


def build(options: argparse.Namespace) -> Any:
    from trainer_proc.contract.run_folder import RunFolder, RunSpec
    from trainer_proc.rl_libraries.isaaclab.load import load_library
    from trainer_proc.simulators.registry import load_backend

    backend = load_backend(options.backend, load_library)
    spec = RunSpec(
        preset="overhead",
        backend=options.backend,
        task=options.task,
        experiment="overhead",
        device=options.device,
        num_envs=options.num_envs,
        iterations=10**6,
        seed=options.seed,
        overrides={"agent.save_interval": 10**9},
    )
    return backend.build(backend.check(spec), RunFolder(options.folder)).runner


def _steer(runner: Any, success: str) -> dict[str, Any]:
    from pathlib import Path

    from trainer_proc import steer
    from trainer_proc.contract.connection import read_connection
    from trainer_proc.contract.journal import JournalReader
    from trainer_proc.contract.messages import KnobsAvailable
    from trainer_proc.contract.run_folder import RunFolder

    steer(runner, success={"kind": success})
    folder = RunFolder(Path(runner.logger.log_dir))
    knobs = 0
    while not knobs:
        bodies = [frame.body for frame in JournalReader(folder.journal).read_new()]
        knobs = next((len(body.knobs) for body in bodies if isinstance(body, KnobsAvailable)), 0)
    connection = read_connection(folder)
    assert connection is not None
    return {"knobs": knobs, "control": connection.control}


def _time(runner: Any, stopwatch: Stopwatch) -> None:
    """Time everything that steering wraps on these instances."""
    env = runner.env.unwrapped
    for owner, names in (
        (runner.logger, ("log", STEP)),
        (runner.alg, ("update", "compute_returns")),
        (runner.alg.actor, ("get_output_log_prob",)),
        (env, ("_reset_idx",)),
    ):
        for name in names:
            object.__setattr__(owner, name, stopwatch.around(name, getattr(owner, name)))
    for term in getattr(env.curriculum_manager, "_term_cfgs", []):
        term.func = stopwatch.around("curriculum term", term.func)
    init_writer = runner.logger.init_logging_writer

    def init_logging_writer() -> None:
        init_writer()
        runner.logger.writer.add_scalar = stopwatch.around("add_scalar", runner.logger.writer.add_scalar)

    runner.logger.init_logging_writer = init_logging_writer


class Blocks:
    """Waits for a command after each block; the wait is not measured.

    The word `go` on standard input trains a block of `iterations`, `profile` trains one under a profiler, and any other
    ends the process. Of several processes, the first one reads for all; the others wait on the host, not on their GPUs.
    """

    def __init__(
        self,
        runner: Any,
        iterations: int,
        facts: dict[str, Any],
        *,
        inner: Stopwatch,
        outer: Stopwatch,
        replies: Any,
        began: float,
    ) -> None:
        from trainer_proc.steering.ranks import join_ranks

        self._log, self._iterations, self._facts = runner.logger.log, iterations, facts
        self._inner, self._outer, self._replies = inner, outer, replies
        self._runner, self._ranks = runner, join_ranks()
        self._began, self._worked = began, 0.0
        self._left, self._ended = 1, self._started
        self._profiler: Any = None
        runner.logger.log = self._log_and_wait

    def _log_and_wait(self, **arguments: Any) -> None:
        self._log(**arguments)
        if self._runner.device != "cpu":
            import torch

            torch.cuda.synchronize()
        self._left -= 1
        if self._left:
            return
        reply = self._ended()
        is_first = not self._ranks.rank
        if is_first:
            print(json.dumps(reply), file=self._replies, flush=True)
        word = sys.stdin.readline().strip() if is_first else ""
        goes_on = self._ranks.all(not is_first or word == "go")
        is_profiled = self._ranks.all(not is_first or word == "profile")
        if not (goes_on or is_profiled):
            os._exit(0)
        self._begin(is_profiled)

    def _begin(self, is_profiled: bool) -> None:
        self._left, self._ended = (1, self._profiled) if is_profiled else (self._iterations, self._trained)
        self._inner.clear()
        self._outer.clear()
        if is_profiled:
            from torch.profiler import ProfilerActivity, profile

            self._profiler = profile(activities=[ProfilerActivity.CUDA])
            self._profiler.start()
        self._began, self._worked = time.perf_counter(), time.process_time()

    def _started(self) -> dict[str, Any]:
        """Return the facts of the process, after its first iteration."""
        seconds = time.perf_counter() - self._began
        facts = self._facts | {"first_iteration": seconds, "memory_gib": _memory_gib(self._runner)}
        return facts | {"scalars": self._scalars() if not self._ranks.rank else 0, "steps": self._steps()}

    def _trained(self) -> dict[str, Any]:
        """Return the times of a block per iteration, and what is there after it."""
        elapsed = (time.perf_counter() - self._began) / self._iterations
        inner, outer = (
            {name: seconds / self._iterations for name, seconds in stopwatch.seconds.items()}
            for stopwatch in (self._inner, self._outer)
        )
        hooks = {name: outer[name] - inner[name] for name in outer}
        times = {"seconds": elapsed, "processor": (time.process_time() - self._worked) / self._iterations}
        step = (self._outer.processor[STEP] - self._inner.processor[STEP]) / self._iterations
        rewards = list(self._runner.logger.rewbuffer)
        now = {"memory_gib": _memory_gib(self._runner), "reward": sum(rewards) / len(rewards) if rewards else None}
        return times | now | {"hooks": hooks, "inner": inner, "outer": outer, "step_processor": step}

    def _profiled(self) -> dict[str, Any]:
        """Return the seconds in which the GPU has executed kernels or copies in one iteration; 0 on a CPU."""
        from torch.autograd import DeviceType

        self._profiler.stop()
        spans = [
            (event.time_range.start, event.time_range.end)
            for event in self._profiler.events()
            if event.device_type == DeviceType.CUDA and not event.is_user_annotation
        ]
        return {"busy": covered(spans) / 1e6}  # from µs

    def _scalars(self) -> int:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        self._runner.logger.writer.flush()
        events = EventAccumulator(self._runner.logger.log_dir)
        events.Reload()
        return len(events.Tags()["scalars"])

    def _steps(self) -> int:
        """Return the environment steps per iteration."""
        return int(self._runner.env.num_envs * self._runner.cfg["num_steps_per_env"])


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of spans, each a start and an end."""
    total, reached = 0.0, -math.inf
    for start, end in sorted(spans):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total


def _memory_gib(runner: Any) -> float:
    """Return the used memory of the process (CPU), or of the whole GPU (GiB)."""
    if runner.device == "cpu":
        import psutil

        return float(psutil.Process().memory_info().rss / 1024**3)
    import torch

    free, total = torch.cuda.mem_get_info(runner.device)
    return float((total - free) / 1024**3)
