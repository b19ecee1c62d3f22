"""Measure what a moving robot costs: output, frames and CPU, beside the dashboard's charts in the same run.

    uv run python -m benchmarks.robot_view [--seconds N] [--links KB ...]

A recorded G1 walks in 100×40 cells at 10 frames per second, in its default view, on hills of 8 cm, from the side,
large, and without colours. The charts are the twelve of `benchmarks/dashboard.py` in 200×60 cells, all of which change
ten times a second.
Then, for links of a limited speed: output, and the time from the key that pauses to the screen that shows it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from benchmarks.dashboard_programs import HumanoidTui
from benchmarks.dashboard_terminal import MeasuredTerminal, Usage
from trainer_proc.contract.robot import Ground, RobotState
from trainer_proc.contract.rollout import read_rollout, write_rollout
from trainer_proc.simulators.ground import Floats, GroundSampler

ROLLOUT = Path(__file__).parents[1] / "tests" / "recordings" / "rollouts" / "g1-walk.rollout"
SIZE = (100, 42)
"""The view of 100×40 cells, title and footer."""
_REPEATED = 30
_SETTLING_SECONDS = 3.0
_KEYS = 20
_BETWEEN_KEYS_SECONDS = 0.5


@dataclass(frozen=True)
class View:
    """A view of the robot: the keys that lead to it, and settings of the terminal."""

    name: str
    keys: bytes = b""
    no_color: bool = False
    on_hills: bool = False


VIEWS = (
    View("robot"),
    View("robot, on terrain", on_hills=True),
    View("robot, side", b"3"),
    View("robot, large", b"++++"),
    View("robot, no colours", no_color=True),
)


def main() -> None:
    """Print the table and the ratios to the charts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (10)")
    parser.add_argument("--links", type=float, nargs="*", default=[10], help="speeds of links in KB/s (10); none: skip")
    options = parser.parse_args()
    seconds = options.seconds
    with tempfile.TemporaryDirectory() as folder:
        charts = charts_usage(Path(folder) / "charts", seconds)
        print(f"{'':<20}{'frames/s':>9}{'CPU':>8}{'KB/s':>8}{'CPU / charts':>14}{'KB/s / charts':>15}")
        print(row("12 charts", charts, charts))
        file, hilly = Path(folder) / "long.rollout", Path(folder) / "hilly.rollout"
        write_long(file)
        write_long(hilly, GroundSampler(hills))
        for view in VIEWS:
            print(
                row(view.name, view_usage(hilly if view.on_hills else file, Path(folder), view, seconds), charts),
                flush=True,
            )
        for link in options.links:
            print(link_row(file, Path(folder), link, seconds), flush=True)


def row(name: str, usage: Usage, charts: Usage) -> str:
    return (
        f"{name:<20}{usage.frames:>9.1f}{usage.cpu:>8.1%}{usage.bytes / 1000:>8.1f}"
        f"{usage.cpu / charts.cpu:>14.2f}{usage.bytes / charts.bytes:>15.2f}"
    )


def charts_usage(folder: Path, seconds: float) -> Usage:
    folder.mkdir()
    program = HumanoidTui(folder, 10_000)
    try:
        program.terminal.wait_until_settled(program.idle_cpu)
        program.feed(10)
        program.terminal.measure(_SETTLING_SECONDS)
        return program.terminal.measure(seconds)
    finally:
        program.close()


def view_usage(file: Path, home: Path, view: View, seconds: float) -> Usage:
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home)} | ({"NO_COLOR": "1"} if view.no_color else {})
    command = ["humanoid-tui", "play", str(file)]
    terminal = MeasuredTerminal(command, environment, size=SIZE)
    try:
        terminal.wait_until(lambda: b"playing" in terminal.tail, "the robot")
        terminal.press(view.keys)
        terminal.measure(_SETTLING_SECONDS)
        return terminal.measure(seconds)
    finally:
        terminal.close()


def link_row(file: Path, home: Path, link: float, seconds: float) -> str:
    """Press the key that pauses and plays on, over a link of `link` KB/s."""
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    terminal = MeasuredTerminal(["humanoid-tui", "play", str(file)], environment, size=SIZE, keeps_screen=True)
    try:
        terminal.wait_until(lambda: "playing" in text_of(terminal), "the robot")
        terminal.limit(1000 * link)
        terminal.measure(_SETTLING_SECONDS)
        usage = terminal.measure(seconds)
        waits = sorted(wait_for(terminal, mode) for _ in range(_KEYS // 2) for mode in ("paused", "playing"))
    finally:
        terminal.close()
    p50, longest = 1000 * waits[len(waits) // 2], 1000 * waits[-1]
    return f"link of {link:g} KB/s: {usage.bytes / 1000:.1f} KB/s, keys p50 {p50:.0f} ms, longest {longest:.0f} ms"


def wait_for(terminal: MeasuredTerminal, mode: str) -> float:
    """Press the key and return the seconds until the screen shows this mode."""
    began = time.monotonic()
    terminal.press(b" ")
    terminal.wait_until(lambda: mode in text_of(terminal), mode)
    waited = time.monotonic() - began
    time.sleep(_BETWEEN_KEYS_SECONDS)
    return waited


def text_of(terminal: MeasuredTerminal) -> str:
    assert terminal.screen is not None
    with terminal.lock:
        return "\n".join(terminal.screen.display)


def write_long(path: Path, ground: GroundSampler | None = None) -> None:
    """Write the recorded rollout many times over, as one; with the `ground` below its robot."""
    rollout = read_rollout(ROLLOUT)
    states = repeated(rollout.states)
    if ground is not None:
        states = (replace(state, ground=sampled(ground, state)) for state in states)
    write_rollout(path, rollout.header, rollout.scene, states)


def hills(x: Floats, y: Floats) -> Floats:
    """Return heights [x, y] of hills that change from sample point to sample point."""
    return 0.04 * (np.sin(9 * x)[:, np.newaxis] + np.sin(7 * y))


def sampled(ground: GroundSampler, state: RobotState) -> Ground | None:
    root = np.frombuffer(state.poses, dtype="<f4", count=3)
    return ground.sample(state.environment, root, np.zeros(3))


def repeated(states: list[RobotState]) -> Iterator[RobotState]:
    length = 2 * states[-1].step - states[-2].step - states[0].step
    for number in range(_REPEATED):
        yield from (replace(state, step=state.step + number * length) for state in states)


if __name__ == "__main__":
    main()
