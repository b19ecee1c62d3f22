"""The time line below a robot: how it is played, and where in the recorded seconds."""

from __future__ import annotations

from tui.session.robot.lines import Line
from tui.session.robot.playback import Mode, Playback

_MODES: dict[Mode, tuple[str, str]] = {
    "live": ("●", "live"),
    "waiting": ("○", "waiting for steps"),
    "playing": ("▶", "playing"),
    "paused": ("‖", "paused"),
    "at end": ("■", "end"),
}
_SPEEDS = {1.0: "1×", 0.5: "½×", 0.25: "¼×", 0.125: "⅛×"}
_SHORTEST_BAR = 8
_NOW = 0.05


def time_line(playback: Playback, width: int) -> Line:
    """Return the line in at most `width` cells."""
    sign, name = _MODES[playback.mode]
    speed = _SPEEDS[playback.speed]
    recorded = playback.history.last - playback.history.first
    behind = f"-{playback.behind:.1f} s" if playback.behind >= _NOW else "newest"
    times = f"{behind:>7} of {recorded:.0f} s" if recorded else ""
    longest = max(len(name) for _, name in _MODES.values())
    left = f"{sign} {name:<{longest}} {speed:>2} "
    room = width - len(left) - len(times)
    if room < _SHORTEST_BAR:
        return ((f"{sign} {speed} ", "title"), (times.strip(), "label"))
    share = (playback.position - playback.history.first) / recorded if recorded else 1.0
    place = round(share * (room - 1))
    bar = "━" * place, "●", "─" * (room - 1 - place)
    return ((left, "title"), (bar[0], "contact"), (bar[1], "plain"), (bar[2], "label"), (times, "label"))
