"""Reads the tables of `run.toml` that a training and an evaluation need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from curricula.load import make_curricula
from curricula.schema import SchemaError
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.curriculum.driver import CurriculumDriver
from trainer_proc.steering.knob_set import LaunchValueError

_Table = TypeVar("_Table")


def read_table(read: Callable[..., _Table], *tables: dict[str, Any]) -> _Table:
    """Return what `read` makes of tables of `run.toml`. Raises `LaunchValueError`."""
    try:
        return read(*tables)
    except SchemaError as error:
        raise LaunchValueError(str(error)) from error


def curricula_of(spec: RunSpec) -> CurriculumDriver:
    """Return the curricula of a run. Raises `LaunchValueError`."""
    return CurriculumDriver(read_table(make_curricula, spec.curricula))
