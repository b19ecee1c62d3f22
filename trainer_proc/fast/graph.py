"""Captures work on a CUDA device and replays it; on a CPU, the work itself runs at each replay.

Memory of all graphs comes from one pool. That is safe although they are replayed in any order, because a graph's
results are copied to tensors outside of the pool: nothing in the pool is read after the replay that has written it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import torch

from trainer_proc.contract.errors import one_line
from trainer_proc.contract.garbage import without_garbage_collection

WARM_UPS = 2
"""Runs before the capture: libraries allocate what they keep, and work that waits for the device is recognized."""

_ERRORS = "thread_local"
"""Other threads may allocate and copy during a capture."""
_pools: dict[torch.device, Any] = {}
_streams: dict[torch.device, torch.cuda.Stream] = {}
_kept_graphs: list[torch.cuda.CUDAGraph] = []
"""Graphs whose capture has failed, to which torch's allocator may still refer, and one in each pool."""


class CaptureError(RuntimeError):
    """The work can't be captured; the message is the reason, in one line."""


class Graph:
    """Captured work. `results` are the same tensors at every replay, outside of the graph's memory.

    It keeps `work`, and so whatever the work owns and the graph reads.
    """

    def __init__(
        self,
        run: Callable[[], None],
        results: tuple[torch.Tensor, ...],
        work: Callable[[], Sequence[torch.Tensor]],
    ) -> None:
        self._run = run
        self.results = results
        self._work = work

    def replay(self) -> tuple[torch.Tensor, ...]:
        """Run the work on the current stream, without waiting for it, and return `results`."""
        self._run()
        return self.results


class _Direct(Graph):
    """Work on a CPU, whose results are also the same tensors at every replay."""

    def __init__(self, work: Callable[[], Sequence[torch.Tensor]]) -> None:
        super().__init__(self._work_once, (), work)

    def _work_once(self) -> None:
        results = tuple(self._work())
        if not self.results:
            self.results = tuple(fixed_like(result) for result in results)
        _copy(self.results, results)


def capture(
    work: Callable[[], Sequence[torch.Tensor]],
    device: torch.device,
    changed: Sequence[torch.Tensor] = (),
    warm_ups: int = WARM_UPS,
    stream: torch.cuda.Stream | None = None,
) -> Graph:
    """Capture `work` and return its graph, which has not run yet. Raises `CaptureError` if it can't be captured.

    `work` reads and writes tensors that stay where they are, and returns its results. `changed` are the tensors that it
    changes in place beside them. Afterwards these and the device's random number generator are as before: they are
    copied before the warm-up runs and put back, and a capture itself runs nothing. Each replay draws the random numbers
    that the same work would have drawn eagerly. What `work` does on the host happens at each of its `warm_ups` runs and
    at the capture, never at a replay. On a CPU it runs at each replay, and not here. `stream` is the one to capture on,
    where `work` switches to a stream of its own.
    """
    if device.type != "cuda":
        return _Direct(work)
    with without_garbage_collection(), _kept(changed, device):
        stream = stream or _stream(device)
        try:
            results = _warmed_up(work, stream, warm_ups)
            fixed = tuple(fixed_like(result) for result in results)
        except Exception as error:  # of work that the device or a user's code refuses
            raise CaptureError(one_line(error)) from error
        graph = _captured(work, fixed, stream, device)
    return Graph(graph.replay, fixed, work)


def _warmed_up(
    work: Callable[[], Sequence[torch.Tensor]], stream: torch.cuda.Stream, runs: int
) -> tuple[torch.Tensor, ...]:
    """Run `work` on a side stream, where any wait for the device is an error; return its last results."""
    stream.wait_stream(torch.cuda.current_stream())
    results: Sequence[torch.Tensor] = ()
    with torch.cuda.stream(stream), _waits("error"):
        for _ in range(max(runs, 1)):
            results = work()
    torch.cuda.current_stream().wait_stream(stream)
    return tuple(results)


def _captured(
    work: Callable[[], Sequence[torch.Tensor]],
    fixed: tuple[torch.Tensor, ...],
    stream: torch.cuda.Stream,
    device: torch.device,
) -> torch.cuda.CUDAGraph:
    graph, pool = torch.cuda.CUDAGraph(), _pool(device)
    torch.cuda.synchronize(device)
    with torch.cuda.stream(stream):
        try:
            graph.capture_begin(pool=pool, capture_error_mode=_ERRORS)
            _copy(fixed, tuple(work()))
            graph.capture_end()
        except Exception as error:  # as above
            _clean_up(graph, device)
            raise CaptureError(one_line(error)) from error
    return graph


def _clean_up(graph: torch.cuda.CUDAGraph, device: torch.device) -> None:
    """End a capture that has failed, so that others can follow.

    torch 2.11 leaves its allocator and its generator in the state of a capture (pytorch/pytorch#180395). The pool is
    given up, and the first capture in a new one ends the generator's.
    """
    _kept_graphs.append(graph)
    with suppress(Exception):
        graph.capture_end()
    pool = _pools.pop(device)
    with suppress(Exception):
        torch._C._cuda_endAllocateToPool(_index(device), pool)
    with suppress(Exception):
        _pool(device)


@contextmanager
def _kept(changed: Sequence[torch.Tensor], device: torch.device) -> Iterator[None]:
    """Put tensors and the generator's position back at the end."""
    generator = torch.cuda.default_generators[_index(device)]
    offset = generator.get_offset()
    with torch.inference_mode():  # also tensors made in this mode can then be written
        copies = [tensor.clone() for tensor in changed]
    try:
        yield
    finally:
        with torch.inference_mode():
            _copy(changed, copies)
        generator.set_offset(offset)


def _copy(targets: Sequence[torch.Tensor], sources: Sequence[torch.Tensor]) -> None:
    if targets:
        with torch.no_grad():
            torch._foreach_copy_(list(targets), list(sources))


def fixed_like(result: torch.Tensor) -> torch.Tensor:
    """Return a tensor of the same shape outside of graphs' memory, which may be written in any mode."""
    with torch.inference_mode(False), torch.no_grad():
        return torch.zeros_like(result, memory_format=torch.contiguous_format, requires_grad=False)


def waits_allowed() -> AbstractContextManager[None]:
    """Allow waits for the device in a block of a warm-up, for what happens only once."""
    return _waits("default") if torch.cuda.is_available() else nullcontext()


@contextmanager
def _waits(mode: str) -> Iterator[None]:
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode(mode)
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


def _pool(device: torch.device) -> Any:
    """Return the pool of all graphs, in which one graph stays: torch refuses a pool whose graphs are all gone."""
    if device not in _pools:
        pool, graph = torch.cuda.graph_pool_handle(), torch.cuda.CUDAGraph()
        with torch.cuda.stream(_stream(device)):
            graph.capture_begin(pool=pool, capture_error_mode=_ERRORS)
            torch.zeros(1, device=device)
            graph.capture_end()
        _kept_graphs.append(graph)
        _pools[device] = pool
    return _pools[device]


def _stream(device: torch.device) -> torch.cuda.Stream:
    if device not in _streams:
        _streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return _streams[device]


def _index(device: torch.device) -> int:
    return torch.cuda.current_device() if device.index is None else device.index
