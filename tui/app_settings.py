"""What screens and the command palette read from the app, without importing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from trainer_proc.contract.run_folder import LOG_ROOT
from tui.session.settings.config import UserConfig

if TYPE_CHECKING:  # not for the first paint
    from tui.session.evaluations.jobs import EvaluationJobs


def settings_of(app: App[Any]) -> UserConfig:
    """Return the settings in force; the defaults in an app without settings."""
    config = getattr(app, "config", None)
    return config if isinstance(config, UserConfig) else UserConfig()


def log_root_of(app: App[Any]) -> Path:
    """Return the folder in which the app looks for runs."""
    return Path(getattr(app, "log_root", LOG_ROOT))


def lacks_colours(app: App[Any]) -> bool:
    """Return whether the terminal shows at most 16 colours."""
    return bool(getattr(app, "is_limited", False))


def evaluations_of(app: App[Any]) -> EvaluationJobs:
    """Return the evaluations that the app runs, which go on from screen to screen."""
    jobs: EvaluationJobs = app.evaluations  # type: ignore[attr-defined]
    return jobs
