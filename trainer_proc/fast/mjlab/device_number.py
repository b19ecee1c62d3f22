"""Numbers of configurations that graphs read on the device, so that a ramp has nothing captured again.

While a stage is captured, such a number stands in its configuration instead of the float. Arithmetic with tensors takes
its tensor, arithmetic in Python gives another such number. What compares it is noted, because a graph repeats the
answer. Any other use takes the float: then the graph has its value, and is captured again when it changes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

_FOLLOWED = frozenset(
    f"{before}{name}{after}"
    for name in ("add", "sub", "mul", "div", "truediv", "pow", "lt", "le", "gt", "ge", "eq", "ne")
    for before, after in (("", ""), ("", "_"), ("__", "__"), ("__r", "__"), ("__i", "__"))
) | {"rsub", "true_divide", "where", "clamp", "clamp_", "clip", "clip_", "__setitem__"}
"""Functions of torch that take a tensor without dimensions as they take a number."""


class Use:
    """What captures have done with one number since it became a tensor."""

    def __init__(self, value: float, device: torch.device) -> None:
        self.tensor = torch.full((), value, dtype=torch.float64, device=device)
        self.is_fixed = False
        """Whether a graph may have its value."""
        self._answers: list[tuple[Callable[[float, float], bool], float, bool]] = []

    def number(self, value: float) -> DeviceNumber:
        return DeviceNumber(value, self.tensor, (self,), is_derived=False)

    def answer(self, compare: Callable[[float, float], bool], value: float, other: float) -> bool:
        """Compare, and note the answer."""
        result = compare(value, other)
        self._answers.append((compare, other, result))
        return result

    def allows(self, value: float) -> bool:
        """Return whether graphs are right with this value, once it is in the tensor."""
        return not self.is_fixed and all(compare(value, other) == result for compare, other, result in self._answers)


class DeviceNumber:
    """A float during a capture, and its tensor."""

    def __init__(self, value: float, tensor: torch.Tensor, uses: tuple[Use, ...], *, is_derived: bool = True) -> None:
        self._value = value
        self._tensor = tensor
        self._uses = uses
        self._is_derived = is_derived

    def __float__(self) -> float:
        for use in self._uses:
            use.is_fixed = True
        return self._value

    def __int__(self) -> int:
        return int(float(self))

    def __bool__(self) -> bool:
        return bool(self != 0.0)

    def __hash__(self) -> int:
        return hash(float(self))

    def __repr__(self) -> str:
        return repr(float(self))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a protocol that other libraries ask for
            raise AttributeError(name)
        return getattr(float(self), name)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        is_double = any(isinstance(one, torch.Tensor) and one.dtype == torch.float64 for one in args)
        dtype = torch.float64 if is_double else torch.get_default_dtype()  # as torch takes a number of Python
        if func.__name__ == "uniform_" and not kwargs:
            target, low, high = args
            return target.uniform_(0.0, 1.0).mul_(high - low).add_(low)
        if func.__name__ in ("clamp", "clamp_", "clip", "clip_"):  # whose ends are both tensors, or both numbers
            device = args[0].device
            args = (args[0], *(_end(one, dtype, device) for one in args[1:]))
            kwargs = {name: _end(one, dtype, device) for name, one in kwargs.items()}
        take = (lambda one: one._tensor.to(dtype)) if func.__name__ in _FOLLOWED else float
        args = tuple(take(one) if isinstance(one, DeviceNumber) else one for one in args)
        return func(
            *args, **{name: take(one) if isinstance(one, DeviceNumber) else one for name, one in kwargs.items()}
        )

    def _combined(self, combine: Callable[[Any, Any], Any], other: Any, *, swapped: bool = False) -> Any:
        value: Any
        tensor: Any
        if isinstance(other, torch.Tensor):
            dtype = torch.float64 if other.dtype == torch.float64 else torch.get_default_dtype()
            own = self._tensor.to(dtype)
            return combine(other, own) if swapped else combine(own, other)
        if isinstance(other, DeviceNumber):
            value, tensor, uses = other._value, other._tensor, self._uses + other._uses
        elif isinstance(other, int | float):
            value, tensor, uses = other, other, self._uses
        else:
            return NotImplemented
        values, tensors = [self._value, value], [self._tensor, tensor]
        if swapped:
            values.reverse()
            tensors.reverse()
        return DeviceNumber(combine(*values), combine(*tensors), uses)

    def _compared(self, compare: Callable[[Any, Any], Any], other: Any) -> Any:
        if isinstance(other, torch.Tensor):
            return self._combined(compare, other)
        if not isinstance(other, DeviceNumber | int | float):
            return NotImplemented
        if self._is_derived or isinstance(other, DeviceNumber):
            return compare(float(self), float(other))
        return self._uses[0].answer(compare, self._value, other)

    def __neg__(self) -> DeviceNumber:
        return DeviceNumber(-self._value, -self._tensor, self._uses)

    def __abs__(self) -> DeviceNumber:
        return DeviceNumber(abs(self._value), self._tensor.abs(), self._uses)

    def __add__(self, other: Any) -> Any:
        return self._combined(operator.add, other)

    def __radd__(self, other: Any) -> Any:
        return self._combined(operator.add, other, swapped=True)

    def __sub__(self, other: Any) -> Any:
        return self._combined(operator.sub, other)

    def __rsub__(self, other: Any) -> Any:
        return self._combined(operator.sub, other, swapped=True)

    def __mul__(self, other: Any) -> Any:
        return self._combined(operator.mul, other)

    def __rmul__(self, other: Any) -> Any:
        return self._combined(operator.mul, other, swapped=True)

    def __truediv__(self, other: Any) -> Any:
        return self._combined(operator.truediv, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._combined(operator.truediv, other, swapped=True)

    def __pow__(self, other: Any) -> Any:
        return self._combined(operator.pow, other)

    def __eq__(self, other: object) -> Any:
        return self._compared(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(operator.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self._compared(operator.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(operator.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(operator.ge, other)


def _end(end: Any, dtype: torch.dtype, device: torch.device) -> Any:
    return torch.full((), end, dtype=dtype, device=device) if isinstance(end, int | float) else end
