"""What screens and the command palette read from the app, without importing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App

from trainer_proc.contract.run_folder import LOG_ROOT
from tui.session.settings.config import UserConfig


def settings_of(app: App[Any]) -> UserConfig:
    """Return the settings in force; the defaults in an app without settings."""
    config = getattr(app, "config", None)
    return config if isinstance(config, UserConfig) else UserConfig()


def log_root_of(app: App[Any]) -> Path:
    """Return the folder in which the app looks for runs."""
    return Path(getattr(app, "log_root", LOG_ROOT))
