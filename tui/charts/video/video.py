"""Makes a picture or a film of rollouts: frames, what is written onto them, and the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curricula.errors import UsageError
from trainer_proc.contract.rollout import Rollout
from trainer_proc.contract.run_folder import write_atomically
from trainer_proc.contract.worker import Progress
from tui.charts.palette import PALETTES
from tui.charts.robot.drawing import NOT_DRAWABLE
from tui.charts.video.animated_svg import animated_svg
from tui.charts.video.drawn import DrawnFrames
from tui.charts.video.film import FILMS, find_ffmpeg, write_film
from tui.charts.video.overlay import Overlay
from tui.charts.video.pixels import Pixels, png_file, rgb
from tui.charts.video.rendered import rendered_frames
from tui.charts.video.shots import Shot, shots_of

DRAWN = "drawn"
_GAP = 4
"""Pixels between them."""
Report = Callable[[Progress], None]


@dataclass(frozen=True)
class VideoPlan:
    """What to make."""

    paths: tuple[Path, ...]
    rollouts: tuple[Rollout, ...]
    output: Path
    width: int
    height: int
    """Pixels of each rollout."""
    camera: str
    fps: float
    is_drawn: bool
    """Whether the scene's shapes are drawn instead of rendering with MuJoCo."""
    at: float | None = None
    """Simulated seconds of a picture; None for its middle."""


@dataclass(frozen=True)
class Video:
    """What was made."""

    frames: int
    renderer: str
    """`drawn`, or the OpenGL that MuJoCo used."""
    notes: tuple[str, ...]


def make_video(plan: VideoPlan, report: Report) -> Video:
    """Write the file of a plan completely or not at all. Raises `UserError`."""
    suffix = plan.output.suffix
    if suffix in FILMS:
        find_ffmpeg()  # before minutes of rendering
    strips = [_shots(plan, path, rollout) for path, rollout in zip(plan.paths, plan.rollouts, strict=True)]
    if suffix == ".svg":
        svg = animated_svg(plan.rollouts[0], strips[0], fps=plan.fps)
        write_atomically(plan.output, svg.encode())
        return Video(len(strips[0]), DRAWN, ())
    with ExitStack() as stack:
        films = [
            _Film(plan, path, rollout, shots, stack, report)
            for path, rollout, shots in zip(plan.paths, plan.rollouts, strips, strict=True)
        ]
        if suffix == ".png":
            write_atomically(plan.output, png_file(next(_side_by_side(films))))
        else:
            write_film(plan.output, _side_by_side(films), fps=plan.fps)
        notes = dict.fromkeys(note for film in films for note in film.notes())
        return Video(max(map(len, strips)), films[0].renderer, tuple(notes))


def _shots(plan: VideoPlan, path: Path, rollout: Rollout) -> list[Shot]:
    shots = shots_of(rollout, plan.camera, width=plan.width, height=plan.height, fps=plan.fps)
    if not shots:
        raise UsageError(f"{path} has nothing to show: its {NOT_DRAWABLE}")
    if plan.output.suffix != ".png":
        return shots
    wanted = len(shots) // 2 if plan.at is None else round(plan.at * plan.fps)
    return [shots[min(wanted, len(shots) - 1)]]


class _Film:
    """The finished frames of one rollout."""

    def __init__(
        self, plan: VideoPlan, path: Path, rollout: Rollout, shots: Sequence[Shot], stack: ExitStack, report: Report
    ) -> None:
        self._shots = shots
        self._overlay = Overlay(rollout)
        self._notes: tuple[str, ...] = ()
        self.renderer = DRAWN
        if plan.is_drawn:
            drawing = DrawnFrames(rollout)
            self._pixels: Iterator[Pixels] = (drawing.frame(shot) for shot in shots)
        else:
            rendered, self._pixels = stack.enter_context(rendered_frames(path, shots, report))
            self.renderer, self._notes = rendered.gl, rendered.notes

    def frames(self) -> Iterator[Pixels]:
        for shot, pixels in zip(self._shots, self._pixels, strict=True):
            self._overlay.put(pixels, shot)
            yield pixels

    def notes(self) -> list[str]:
        return [*self._notes, *filter(None, (self._overlay.problem,))]


def _side_by_side(films: Sequence[_Film]) -> Iterator[Pixels]:
    """Yield frames with all rollouts in step; one that has ended shows its last frame."""
    sources = [film.frames() for film in films]
    shown = [next(source) for source in sources]
    while True:
        gap = np.empty((len(shown[0]), _GAP, 3), np.uint8)
        gap[:] = rgb(PALETTES["dark"].panel)
        parts = [part for pixels in shown for part in (gap, pixels)][1:]
        yield np.concatenate(parts, axis=1)
        following = [next(source, None) for source in sources]
        if not any(pixels is not None for pixels in following):
            return
        shown = [old if new is None else new for old, new in zip(shown, following, strict=True)]
