"""Progress of the simulator's kernel modules, which Warp compiles on first use: 54 s of a cold start on a GPU."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

_LOADED = re.compile(r"Module (?P<module>\S+) .*took (?P<ms>[\d.]+) ms\s+\((?P<how>compiled|cached)\)")


class KernelProgress:
    """A Warp logger (`warp.set_logger`) that prints as Warp does and reports every loaded kernel module."""

    def __init__(self, on_loaded: Callable[[str, int], None]) -> None:
        """Call `on_loaded(detail, count)` for each module; `detail` is such as `ccd_flex compiled in 1.2 s`."""
        self._on_loaded = on_loaded
        self._count = 0

    def info(self, message: str) -> None:
        """Print, and report if the message is about a loaded module."""
        sys.stdout.write(f"{message}\n")
        if match := _LOADED.search(message):
            self._count += 1
            name = match["module"].rpartition(".")[2].partition("__locals__")[0].strip("_")
            how = f"compiled in {float(match['ms']) / 1000:.1f} s" if match["how"] == "compiled" else "from the cache"
            self._on_loaded(f"{name} {how}", self._count)

    def debug(self, message: str) -> None:
        sys.stdout.write(f"{message}\n")

    def warning(self, message: str, category: type[Warning] | None = None, stacklevel: int = 1) -> None:
        """Print to standard error."""
        sys.stderr.write(f"{message}\n")

    def error(self, message: str) -> None:
        """Print to standard error."""
        sys.stderr.write(f"{message}\n")
