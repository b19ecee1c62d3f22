"""Make the pictures of the README from the current screens: `uv run python docs/make_pictures.py`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import DataTable, Input

import tui.screens.launch.screen
from trainer_proc.contract.bundle.verify_request import VerifyRequest
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.verification.verify import verify
from tui.app import HumanoidTui
from tui.charts.files.figures_svg import figures_svg
from tui.charts.palette import PALETTES
from tui.session.backends.devices import Device
from tui.session.verification.figures import figure_table

PICTURES = Path(__file__).parent / "pictures"
RECORDINGS = Path(__file__).parents[1] / "tests" / "recordings"
DEVICES = [Device("cuda:0", "NVIDIA H200", 140.0, 140.0), Device("cpu", "CPU, 16 cores", 125.0, 126.0)]


async def picture_dashboard(log_root: Path) -> str:
    """Return the dashboard of a recorded run with its changed knobs and its curriculum."""
    app = HumanoidTui(log_root, recorded("g1-levels", log_root / "g1_walk" / "2026-11-21_23-04-28_walk"))
    async with app.run_test(size=(180, 56)) as pilot:
        await filled_knobs(pilot)
        await pilot.press("c")
        return await svg_of(pilot)


async def picture_levels(log_root: Path) -> str:
    """Return the dashboard of a recorded training from scratch, whose curricula went through all levels."""
    path = log_root / "g1_walk" / "2026-11-30_17-37-25_walk42"
    app = HumanoidTui(log_root, recorded("g1-calibrated", path))
    async with app.run_test(size=(160, 46)) as pilot:
        await filled_knobs(pilot)
        await pilot.press("c")
        return await svg_of(pilot)


async def picture_curricula(log_root: Path) -> str:
    """Return the curricula of a recorded run on rough terrain."""
    app = HumanoidTui(log_root, recorded("g1-curricula", log_root / "g1_rough" / "2026-11-21_22-52-41_curricula"))
    async with app.run_test(size=(140, 42)) as pilot:
        await filled_knobs(pilot)
        await pilot.press("t")
        return await svg_of(pilot)


async def picture_impact(log_root: Path) -> str:
    """Return the impact of setting the level too high."""
    app = HumanoidTui(log_root, recorded("g1-levels", log_root / "g1_walk" / "2026-11-21_23-04-28_walk"))
    async with app.run_test(size=(120, 36)) as pilot:
        await filled_knobs(pilot)
        await pilot.press("b", *["left"] * 5)
        return await svg_of(pilot)


async def picture_launch(log_root: Path) -> str:
    """Return the launch screen of a machine with a GPU."""
    tui.screens.launch.screen.list_devices = lambda: DEVICES
    app = HumanoidTui(log_root)
    async with app.run_test(size=(100, 26)) as pilot:
        await wait_until(pilot, lambda: bool(app.screen.query("#num-envs")))
        await wait_until(pilot, lambda: app.screen.query_one("#num-envs", Input).value == "4096")
        return await svg_of(pilot)


async def picture_verification(log_root: Path) -> str:
    """Return shares by group and the command sweep of a recorded bundle, which is verified now."""
    bundle = log_root / "g1-walk-deploy"
    shutil.copytree(RECORDINGS / "bundles" / "g1-walk-deploy", bundle)
    found = verify(VerifyRequest(bundle=str(bundle)), lambda progress: None)
    return figures_svg(figure_table(found)[:2], PALETTES["light"], "A G1 that walks: verified in MuJoCo, beside mjlab")


def isolate(folder: Path) -> None:
    """Hide the user's presets, settings and layouts, and a terminal with few colours."""
    os.environ |= {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)


def recorded(recording: str, path: Path) -> RunFolder:
    """Copy a recorded run to `path`."""
    shutil.copytree(RECORDINGS / recording, path)
    return RunFolder(path)


async def filled_knobs(pilot: Pilot[None]) -> DataTable[object]:
    """Return the knob table once the dashboard shows the whole run."""
    await wait_until(pilot, lambda: bool(pilot.app.screen.query("#knobs")))
    screen = pilot.app.screen
    knobs = screen.query_one("#knobs", DataTable)
    await wait_until(pilot, lambda: knobs.row_count > 0 and screen.query_one("#console").virtual_size.height > 0)
    return knobs


async def wait_until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Run the program until the condition holds."""
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.02)


async def svg_of(pilot: Pilot[None]) -> str:
    """Return the screen as SVG, without identifiers that differ between runs."""
    await pilot.wait_for_scheduled_animations()
    await pilot.pause()
    return re.sub(r"terminal-\d+", "terminal", pilot.app.export_screenshot(simplify=True))


async def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    pictures = {
        "dashboard": picture_dashboard,
        "levels": picture_levels,
        "curricula": picture_curricula,
        "impact": picture_impact,
        "launch": picture_launch,
        "verification": picture_verification,
    }
    for name, picture in pictures.items():
        with tempfile.TemporaryDirectory() as folder:
            isolate(Path(folder))
            svg = await picture(Path(folder))
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
