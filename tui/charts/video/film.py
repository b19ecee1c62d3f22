"""Encodes frames as MP4 or GIF with ffmpeg."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from curricula.errors import UserError, message_of
from tui.charts.video.pixels import Pixels

_EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
"""H.264 with 4:2:0 colours needs even sides."""
_OPTIONS = {
    ".mp4": ["-vf", _EVEN, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-movflags", "+faststart"],
    ".gif": ["-vf", "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=5"],
}
FILMS = tuple(_OPTIONS)
"""Suffixes of the files."""


class FilmError(UserError):
    """The film can't be encoded; the message is one line with what to do."""


def find_ffmpeg() -> str:
    """Return ffmpeg: the user's choice, that of the system, or the one that comes with mjlab. Raises `FilmError`."""
    found = os.environ.get("IMAGEIO_FFMPEG_EXE") or shutil.which("ffmpeg")
    if not found and importlib.util.find_spec("imageio_ffmpeg") is not None:
        import imageio_ffmpeg  # type: ignore[import-untyped]

        with suppress(RuntimeError):  # none for this platform
            found = imageio_ffmpeg.get_ffmpeg_exe()
    if not found:
        raise FilmError(
            "expected ffmpeg for an MP4 or a GIF, found none: install it (Debian: apt install ffmpeg), or write an .svg"
        )
    return str(found)


def write_film(path: Path, frames: Iterable[Pixels], *, fps: float) -> None:
    """Write frames of one size as `path`, completely or not at all. Raises `FilmError`."""
    ffmpeg = find_ffmpeg()
    temporary = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    with tempfile.TemporaryFile() as printed:
        process: subprocess.Popen[bytes] | None = None
        try:
            for frame in frames:
                if process is None:
                    rows, columns, _ = frame.shape
                    command = [ffmpeg, "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
                    command += ["-s", f"{columns}x{rows}", "-r", f"{fps:g}", "-i", "-", *_OPTIONS[path.suffix]]
                    process = subprocess.Popen([*command, str(temporary)], stdin=subprocess.PIPE, stderr=printed)
                assert process.stdin is not None
                process.stdin.write(frame.tobytes())
            if process is None or process.stdin is None:
                raise FilmError(f"{path}: there is no frame to write")
            process.stdin.close()
            if process.wait():
                raise BrokenPipeError
            temporary.replace(path)
        except OSError as error:
            if process is not None:
                process.kill()
            printed.seek(0)
            said = printed.read().decode(errors="replace").strip().splitlines()
            raise FilmError(f"{path} can't be encoded: {said[-1] if said else message_of(error, 200)}") from error
        finally:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
            temporary.unlink(missing_ok=True)
