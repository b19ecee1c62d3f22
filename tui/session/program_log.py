"""The program's own log: one rotating file in the user's state folder."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from pathlib import Path

import platformdirs

from tui.session.text import plain

LEVELS = ("debug", "info", "warning", "error")
DEFAULT_LEVEL = "info"

_LARGEST_BYTES = 1_000_000
_KEPT_FILES = 3


def log_file() -> Path:
    """Return where the log is written; the file need not exist."""
    return platformdirs.user_state_path("humanoid-tui") / "humanoid-tui.log"


def start_logging(level: str = DEFAULT_LEVEL) -> None:
    """Write log records from `level` on (one of `LEVELS`) and uncaught exceptions of threads to `log_file()`.

    Rotates at 1 MB and keeps three older files. A file that can't be written is reported in one line on standard error,
    and the program continues without a log.
    """
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LARGEST_BYTES, backupCount=_KEPT_FILES, encoding="utf-8", delay=True
        )
        path.open("a").close()
    except OSError as error:
        print(f"humanoid-tui: no log is kept: {plain(str(error))}", file=sys.stderr)  # noqa: T201
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a full disk must not print over the screen
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    threading.excepthook = _log_thread_failure


def _log_thread_failure(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread is not None else "?"
    trace = (failure.exc_type, failure.exc_value, failure.exc_traceback)
    logging.getLogger(__name__).error("thread %r died", name, exc_info=trace)  # type: ignore[arg-type]
