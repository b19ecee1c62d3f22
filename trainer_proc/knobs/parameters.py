"""Detect from a term's bytecode whether it reads a parameter at each call.

Managers call a term with `term_cfg.params` as keyword arguments. A function reads them there, so a new value applies at
the next call. A class-based term may have copied a parameter when it was built (mjlab's `variable_posture`), and a
function may ignore one.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from enum import Enum
from types import CodeType, FunctionType
from typing import Any

_MANAGER_BASE = "ManagerTermBase"
"""The simulators' base of class-based terms, whose `reset` does nothing."""


class Use(Enum):
    """How a term uses one of its parameters."""

    LIVE = "read at each call"
    CACHED = "read when the term is built"
    UNUSED = "not read"


def use_of(func: Any, name: str) -> Use:
    """Return how a term's function, or its instance of a class, uses the parameter `name`.

    A callable without Python code (a `functools.partial`, a compiled function) is assumed to read it.
    """
    code = _code_of(func)
    if code is None or _reads(code, name):
        return Use.LIVE
    if isinstance(func, FunctionType):
        return Use.UNUSED
    if name in _string_constants(code):
        return Use.LIVE
    others = (method for key, method in _methods(type(func)) if key != "__call__")
    return Use.CACHED if any(name in _string_constants(method.__code__) for method in others) else Use.UNUSED


def keeps_episode_state(func: Any) -> bool:
    """Tell whether a class-based term defines `reset`, mjlab's convention for per-episode state."""
    return any("reset" in vars(cls) for cls in type(func).__mro__ if cls.__name__ != _MANAGER_BASE)


def _code_of(func: Any) -> CodeType | None:
    called = func if hasattr(func, "__code__") else type(func).__call__
    code = getattr(inspect.unwrap(called), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _reads(code: CodeType, name: str) -> bool:
    if name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return name in _loaded_variables(code)
    if not code.co_flags & inspect.CO_VARKEYWORDS:
        return False
    keywords = code.co_varnames[code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)]
    return name in _string_constants(code) or keywords in _unpacked_variables(code)


def _loaded_variables(code: CodeType) -> set[str]:
    """Return the local variables that `code` reads, without attributes and globals of the same name."""
    loaded: set[str] = set()
    for instruction in dis.get_instructions(code):
        names = instruction.argval if isinstance(instruction.argval, tuple) else (instruction.argval,)
        if instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE")):
            loaded.update(names)
        elif instruction.opname == "STORE_FAST_LOAD_FAST":  # Python 3.13
            loaded.add(names[1])
    return loaded


def _unpacked_variables(code: CodeType) -> set[str]:
    """Return the variables that `code` passes on as `**variable`, whose entries a callee may read."""
    calls = {"CALL_FUNCTION_EX", "DICT_MERGE", "DICT_UPDATE"}
    unpacks = any(instruction.opname in calls for instruction in dis.get_instructions(code))
    return _loaded_variables(code) if unpacks else set()


def _string_constants(code: CodeType) -> set[str]:
    constants: set[str] = set()
    for constant in code.co_consts:
        if isinstance(constant, str):
            constants.add(constant)
        elif isinstance(constant, CodeType):
            constants |= _string_constants(constant)
    return constants


def _methods(cls: type) -> Iterator[tuple[str, FunctionType]]:
    for base in cls.__mro__:
        for key, member in vars(base).items():
            if isinstance(member, FunctionType):
                yield key, member
