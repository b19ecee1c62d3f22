"""Captures work on a CPU as CUDA captures it: operations are recorded once, with the host's values, and repeated."""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_unflatten

from presets.fast import Fast
from trainer_proc.fast import graph, part
from trainer_proc.fast.mjlab import foreign


class Made:
    """A tensor that an earlier operation of the tape made."""

    def __init__(self, index):
        self.index = index


class Tape(TorchDispatchMode):
    """Records operations; a tensor that existed before stands for its memory."""

    def __init__(self):
        super().__init__()
        self.operations = []
        self._indexes = {}
        self._kept = []  # so that no new tensor gets the identity of an old one

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        leaves, shape = tree_flatten((args, kwargs or {}))
        inputs = [self._indexes.get(id(leaf), leaf) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        outputs, _ = tree_flatten(result)
        self.operations.append((func, inputs, shape, [self._made(output) for output in outputs]))
        return result

    def _made(self, output):
        if not isinstance(output, torch.Tensor):
            return None
        self._kept.append(output)
        return self._indexes.setdefault(id(output), Made(len(self._kept) - 1))

    def __call__(self):
        tensors = {}
        for func, inputs, shape, outputs in self.operations:
            leaves = [tensors.get(leaf.index) if isinstance(leaf, Made) else leaf for leaf in inputs]
            args, kwargs = tree_unflatten(leaves, shape)
            results, _ = tree_flatten(func(*args, **kwargs))
            for output, result in zip(outputs, results, strict=True):
                if output is not None:
                    tensors[output.index] = result
        self.tensors = tensors


def capture_by_tape(work, device, changed=(), warm_ups=1, stream=None):
    """Capture `work` as `graph.capture` does on a GPU, whose arguments these are."""
    state = torch.get_rng_state()
    copies = [tensor.clone() for tensor in changed]

    def put_back():
        for tensor, copy in zip(changed, copies, strict=True):
            tensor.copy_(copy)
        torch.set_rng_state(state)

    work()
    put_back()
    tape = Tape()
    with tape:
        results = tuple(work())
    put_back()
    fixed = tuple(graph.fixed_like(result) for result in results)
    places = [tape._indexes.get(id(result), result) for result in results]

    def run():
        tape()
        for place, made in zip(fixed, places, strict=True):
            place.copy_(tape.tensors[made.index] if isinstance(made, Made) else made)

    return graph.Graph(run, fixed, work)


def tape_stages():
    """Capture the stages of an environment by tape in this process, on a CPU too; gradients of PPO can't be taped."""

    def capture(work, *arguments, **options):
        is_stage = work.__qualname__.startswith("Stage.")
        return (capture_by_tape if is_stage else graph.capture)(work, *arguments, **options)

    part.capture, foreign.capture = capture, capture_by_tape
    Fast.is_on = lambda self, device: self.mode != "off"
