"""Pictures for agents, drawn without a display and without OpenGL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.run_folder import RunFolder
from tui.charts.files.run_charts import ChartRequest, write_charts
from tui.charts.video.video import VideoPlan, make_video

_WIDTH, _HEIGHT = 480, 360
_FPS = 10.0
_THEME = "light"


def rollout_png(path: Path, at: float | None) -> bytes:
    """Return a PNG of a rollout at a time in seconds, by default its middle. Raises `UserError`."""
    return _rollout(path, ".png", at)


def rollout_svg(path: Path) -> str:
    """Return an animated SVG of a rollout. Raises `UserError`."""
    return _rollout(path, ".svg", None).decode()


def chart_png(folders: Sequence[RunFolder], request: ChartRequest) -> bytes:
    """Return charts of runs as PNG. Raises `UserError`."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "chart.png"
        write_charts(folders, request, output, _THEME, overwrite=False)
        return output.read_bytes()


def _rollout(path: Path, suffix: str, at: float | None) -> bytes:
    rollout = read_rollout(path)
    with TemporaryDirectory() as folder:
        output = Path(folder) / f"rollout{suffix}"
        plan = VideoPlan(
            paths=(path,),
            rollouts=(rollout,),
            output=output,
            width=_WIDTH,
            height=_HEIGHT,
            camera="side",
            fps=_FPS,
            is_drawn=True,
            at=at,
        )
        make_video(plan, lambda progress: None)
        return output.read_bytes()
