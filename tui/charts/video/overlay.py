"""What is written and drawn onto a frame, whoever rendered it: time, command and velocity."""

from __future__ import annotations

from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.robot import RobotState, Scene, is_planar
from trainer_proc.contract.rollout import Rollout
from tui.charts.files.png import FontError
from tui.charts.palette import PALETTES
from tui.charts.robot.camera import Projection
from tui.charts.robot.view import FALL_SECONDS, fall_text
from tui.charts.video.letters import HEIGHT, write_text
from tui.charts.video.pixels import Pixels, draw_lines
from tui.charts.video.shots import Shot
from tui.charts.video.stage import arrow_lines
from tui.session.robot.readout import Moment
from tui.session.robot.recorded import history_of

PALETTE = PALETTES["dark"]
COMMAND, VELOCITY, FALL = PALETTE.warning, PALETTE.primary, PALETTE.error
_MARGIN = 8


class Overlay:
    """Writes onto the frames of one rollout; `problem` is why its texts are missing, empty if they are not."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._history = history_of(rollout)
        self.problem = ""

    def put(self, pixels: Pixels, shot: Shot) -> None:
        """Write time, command and velocity, and draw both as arrows."""
        state, scene = self._rollout.states[shot.state], self._rollout.scene
        put_arrows(pixels, shot.projection, scene, state)
        title = title_of(self._rollout, self._history.time_of(shot.state))
        fall = self._fall(shot.state)
        values = [(values_text("command", scene.command, state.command), COMMAND)]
        if is_planar(scene.command):
            values.append((values_text("velocity", scene.command[:3], state.velocity), VELOCITY))
        lines = [(_MARGIN, title, PALETTE.foreground), (_MARGIN + HEIGHT, fall and f"fall: {fall}", FALL)]
        bottom = len(pixels) - _MARGIN - HEIGHT * len(values)
        lines += [(bottom + HEIGHT * number, *text) for number, text in enumerate(values)]
        try:
            for row, text, colour in lines:
                write_text(pixels, _MARGIN, max(row, 0), text, colour)
        except FontError as error:
            self.problem = str(error)

    def _fall(self, state: int) -> str:
        """Return the termination of a fall a short time ago; empty without one."""
        recent = [self._history[index] for index in self._history.since(state, FALL_SECONDS)]
        return fall_text(Moment(self._rollout.scene, recent[-1], recent))


def put_arrows(pixels: Pixels, projection: Projection, scene: Scene, state: RobotState) -> None:
    """Draw command and velocity above the robot, where the command is a velocity."""
    for is_command, colour in ((True, COMMAND), (False, VELOCITY)):
        draw_lines(pixels, arrow_lines(projection, scene, state, is_command=is_command), colour, width=3)


def title_of(rollout: Rollout, time: float) -> str:
    """Return policy and time."""
    name = rollout.header.policy.removesuffix(".pt")
    return f"{name}  {time:5.2f} s"


def values_text(name: str, names: tuple[str, ...], packed: bytes) -> str:
    """Return the values of a command of up to 4 entries with their units, empty without one."""
    values = unpack_values(packed)
    if not values or len(values) != len(names) or len(values) > 4:
        return ""
    units = [one.partition(" (")[2].removesuffix(")") for one in names]
    text = name
    for value, unit, following in zip(values, units, [*units[1:], ""], strict=True):
        text += f" {value:+.2f}" + (f" {unit}" if unit and unit != following else "")
    return text
