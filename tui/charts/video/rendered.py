"""Frames that MuJoCo renders in a process of its own."""

from __future__ import annotations

import mmap
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import numpy as np

from trainer_proc.contract.records import contents
from trainer_proc.contract.video_request import VIDEO, Rendered, VideoRequest, View
from trainer_proc.contract.worker import Progress
from tui.charts.video.pixels import Pixels
from tui.charts.video.shots import Shot
from tui.session.backends.work import OWN_PYTHON, do_work
from tui.session.rollouts.of_run import run_of


@contextmanager
def rendered_frames(
    path: Path, shots: Sequence[Shot], report: Callable[[Progress], None]
) -> Iterator[tuple[Rendered, Iterator[Pixels]]]:
    """Render shots of the rollout in the file `path`; yield the result and its frames. Raises `UserError`."""
    projection = shots[0].projection
    with tempfile.NamedTemporaryFile(prefix="humanoid-tui-frames-") as file:
        request = VideoRequest(
            rollout=str(path.resolve()),
            run=run_of(path),
            frames=file.name,
            width=projection.width,
            height=projection.height,
            views=tuple(view_of(shot) for shot in shots),
        )
        rendered = do_work(VIDEO, request, OWN_PYTHON, report, Event())
        yield rendered, _frames(Path(file.name), projection.height, projection.width)


def view_of(shot: Shot) -> View:
    """Return the camera of a shot as a worker sees it."""
    projection = shot.projection
    return View(
        state=shot.state,
        target=projection.target,
        azimuth=projection.camera.azimuth + projection.heading,
        elevation=projection.camera.elevation,
        metres=projection.height / projection.dots_per_metre,
    )


def _frames(path: Path, rows: int, columns: int) -> Iterator[Pixels]:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for packed, _ in contents(data):
            pixels = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(rows, columns, 3).copy()
            packed.release()
            yield pixels
