"""Counts the operations of torch that launch a kernel on a GPU."""

from __future__ import annotations

from torch.utils._python_dispatch import TorchDispatchMode

_VIEWS = ("aten::view", "aten::select", "aten::slice", "aten::unsqueeze", "aten::detach", "aten::expand", "aten::alias")


class Kernels(TorchDispatchMode):
    """Collects the names of operations inside a `with` block, without views, which launch nothing."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function._schema.name
        if name not in _VIEWS:
            self.names.append(name)
        return function(*args, **(kwargs or {}))
