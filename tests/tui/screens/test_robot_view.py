"""The robot on the dashboard and rollouts on their screen, from recorded rollouts."""

from typing import ClassVar

import pytest
from msgspec.structs import replace
from textual.widgets import Input, OptionList

from tests.tui.screens.recorded import RECORDINGS, SIZES, SMALL, dashboard_is_filled, make_run, told, until
from trainer_proc.contract.robot import Selection
from trainer_proc.contract.rollout import read_rollout
from tui.app import HumanoidTui
from tui.navigation import ShowRollouts
from tui.session.robot.playback import Playback
from tui.widgets.robot.choose_environment import ChooseEnvironment
from tui.widgets.robot.live_pane import LiveRobotPane
from tui.widgets.robot.robot_pane import RobotPane
from tui.widgets.robot.robot_view import RobotView

ROLLOUTS = RECORDINGS / "rollouts"
G1, CARTPOLE = ROLLOUTS / "g1-walk.rollout", ROLLOUTS / "cartpole.rollout"


class FakeRobot:
    """A source that has a recorded rollout at once; notes what it is asked for."""

    opened: ClassVar = []
    file = G1
    problem = notice = ""
    has_ended = False
    scene = None

    def __init__(self, folder, selection):
        self.selections, self.is_closed = [selection], False
        self.opened.append(self)
        rollout = read_rollout(self.file)
        self.scene = self.adapted(rollout.scene)
        self.states = rollout.states

    @staticmethod
    def adapted(scene):
        return replace(scene, num_envs=4096, environment_types=("stairs",))

    def take(self):
        states, self.states = self.states, []
        return states

    def select(self, selection):
        self.selections.append(selection)

    def close(self):
        self.is_closed = True


class NoRobot(FakeRobot):
    """A source of a task without a robot."""

    @staticmethod
    def adapted(scene):
        return replace(scene, bodies=(), parents=(), shapes=(), feet=())


class PausedTraining(FakeRobot):
    """A source of a training that stands: each selection gets its only state, together with the scene."""

    def __init__(self, folder, selection):
        super().__init__(folder, selection)
        self._first, self.scene, self.states = self.scene, None, self.states[:1]

    def take(self):
        self.scene = self._first
        return super().take()


class EndedRun(FakeRobot):
    """A source without a trainer."""

    problem = "not training: no robot to watch"

    def __init__(self, folder, selection):
        super().__init__(folder, selection)
        self.scene, self.states = None, []


@pytest.fixture
def robots(monkeypatch):
    """The sources that the dashboard opens."""
    monkeypatch.setattr(FakeRobot, "opened", [])
    monkeypatch.setattr("tui.screens.dashboard.screen.LiveRobot", FakeRobot)
    return FakeRobot.opened


@pytest.fixture
def dashboard(log_root):
    return HumanoidTui(log_root, make_run(log_root, "g1-walk"))


def playing(log_root, *files):
    return HumanoidTui(log_root, ShowRollouts(files))


def pane_of(app):
    return app.screen.query_one(RobotPane)


def text_of(app):
    picture = app.screen.query(RobotView).first().picture
    return "\n".join("".join(map(chr, line)) for line in picture.codes)


async def robot_is_shown(app):
    await until(lambda: app.screen.query(RobotPane) and len(pane_of(app).playback.history), "its states")
    await until(lambda: "env 0" in text_of(app), "its picture")


async def stands_still_at(pilot, seconds):
    """Pause the only rollout, or the first, at a whole second."""
    await robot_is_shown(pilot.app)
    playback = pane_of(pilot.app).playback
    if not playback.is_paused:
        await pilot.press("space")
    await pilot.press("home", *["right_square_bracket"] * seconds)
    await until(lambda: playback.position == pytest.approx(playback.history.first + seconds), "the moment")


# --- rollouts ---


@pytest.mark.parametrize(("file", "seconds"), [(G1, 2), (CARTPOLE, 1)], ids=["walking-G1", "cartpole"])
async def test_a_rollout(log_root, sizes_look_as_before, file, seconds):
    app = playing(log_root, file)
    async with app.run_test(size=SMALL) as pilot:
        await stands_still_at(pilot, seconds)
        await sizes_look_as_before(pilot)


async def test_a_rollout_without_colours(log_root, looks_as_before, no_colour):
    app = playing(log_root, G1)
    async with app.run_test(size=SMALL) as pilot:
        await stands_still_at(pilot, 2)
        await looks_as_before(pilot)


async def test_two_rollouts_play_in_step(log_root, looks_as_before):
    app = playing(log_root, G1, CARTPOLE)
    async with app.run_test(size=SIZES["120x40"]) as pilot:
        await stands_still_at(pilot, 1)
        await looks_as_before(pilot)
        g1, cartpole = (track.history for track in pane_of(app).tracks)
        assert pane_of(app).playback.history is g1  # the longer one
        await pilot.press("end")
        assert pane_of(app).playback.position == g1.last > cartpole.last


async def test_a_rollout_plays_to_its_end_and_again(log_root):
    app = playing(log_root, CARTPOLE)
    async with app.run_test(size=SMALL) as pilot:
        await robot_is_shown(app)
        playback = pane_of(app).playback
        await pilot.press("end")
        await until(lambda: "■ end" in text_of(app), "the end")
        await pilot.press("space")
        assert playback.position < playback.history.last


@pytest.mark.parametrize("content", [b"", b"not a rollout", None])
async def test_what_is_no_rollout_is_named(log_root, tmp_path, content):
    file = tmp_path / "bad.rollout"
    file.write_bytes(content if content is not None else G1.read_bytes()[:300])
    app = playing(log_root, file)
    async with app.run_test(size=SMALL):
        await until(lambda: "bad.rollout" in text_of(app).replace("\n", ""), "what is wrong")


async def test_keys_move_the_camera(log_root):
    app = playing(log_root, G1)
    async with app.run_test(size=SMALL) as pilot:
        await robot_is_shown(app)
        pane = pane_of(app)
        start = pane.camera
        await pilot.press("left", "up", "plus")
        assert pane.camera.azimuth < start.azimuth
        assert pane.camera.elevation > start.elevation
        assert pane.camera.zoom > start.zoom
        await pilot.press("7")
        assert pane.camera.elevation == pytest.approx(1.5708, abs=1e-4)
        await pilot.press("0")
        assert pane.camera == start
        await pilot.press("5")
        assert not pane.turns


async def test_the_mouse_orbits_and_zooms(log_root):
    app = playing(log_root, G1)
    async with app.run_test(size=SMALL) as pilot:
        await robot_is_shown(app)
        pane = pane_of(app)
        start = pane.camera
        await pilot.mouse_down(RobotView, offset=(20, 5))
        await pilot.hover(RobotView, offset=(26, 8))
        await pilot.mouse_up(RobotView, offset=(26, 8))
        assert pane.camera.azimuth < start.azimuth
        assert pane.camera.elevation > start.elevation
        await pilot.hover(RobotView, offset=(40, 8))
        moved = pane.camera
        assert pane.camera == moved  # the button is up


async def test_steps_speed_and_falls(log_root):
    app = playing(log_root, G1)
    async with app.run_test(size=SMALL) as pilot:
        await stands_still_at(pilot, 1)
        playback = pane_of(app).playback
        before = playback.index
        await pilot.press("full_stop")
        assert playback.index == before + 1
        await pilot.press("comma", "less_than_sign", "less_than_sign")
        assert (playback.index, playback.speed) == (before, 0.25)
        await pilot.press("left_curly_bracket")
        await until(lambda: told(app) == ["no fall before this moment in the recorded seconds"], "what is missing")


# --- the dashboard ---


async def test_the_robot_beside_the_charts(dashboard, robots, sizes_look_as_before):
    async with dashboard.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await stands_still_at(pilot, 2)
        await sizes_look_as_before(pilot)


@pytest.mark.parametrize(
    ("size", "pairs"),
    [
        ("120x40", (("v", "v"), ("V", "v"), ("v", "escape"), ("v", "l"))),
        ("80x24", (("v", "V"), ("V", "c"), ("v", "g"))),
    ],
)
async def test_the_source_is_open_only_while_the_robot_is_shown(dashboard, robots, size, pairs):
    """The second key of each pair hides it."""
    async with dashboard.run_test(size=SIZES[size]) as pilot:
        await dashboard_is_filled(dashboard)
        assert robots == []
        for opening, closing in pairs:
            await pilot.press(opening)
            await until(lambda: robots and not robots[-1].is_closed, "the subscription")
            await robot_is_shown(dashboard)
            await pilot.press(closing)
            await until(lambda: robots[-1].is_closed, "the end of the subscription")
            if closing in ("l", "g"):
                await pilot.press(closing)
        assert len(robots) == len(pairs)
        await pilot.press("v")
        await until(lambda: not robots[-1].is_closed, "the subscription")
    assert robots[-1].is_closed


async def test_the_robot_fills_the_screen_and_leaves_it(dashboard, robots):
    async with dashboard.run_test(size=SIZES["120x40"]) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await robot_is_shown(dashboard)
        beside = pane_of(dashboard).size.width
        await pilot.press("V")
        await until(lambda: pane_of(dashboard).size.width > 110, "the full screen")
        await pilot.press("V")
        await until(lambda: pane_of(dashboard).size.width == beside, "the charts")
        assert len(robots) == 1


async def test_an_environment_is_chosen_by_number_or_by_value(dashboard, robots):
    async with dashboard.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await robot_is_shown(dashboard)
        for keys, selection in (
            (("1", "7"), Selection("env", "17")),
            (("w",), Selection("worst")),
            (("down", "down"), Selection("tilted")),
            (("s", "t"), Selection("best")),
            (("s", "t", "a"), Selection("type", "stairs")),
        ):
            await pilot.press("n")
            await until(lambda: isinstance(dashboard.screen, ChooseEnvironment), "the dialog")
            await pilot.press(*keys, "enter")
            await until(lambda selection=selection: selection in robots[0].selections, str(selection))
        assert dashboard.screen.query_one(LiveRobotPane).border_title == "robot type stairs"


async def test_a_choice_that_does_not_exist_is_refused(dashboard, robots, looks_as_before):
    async with dashboard.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await stands_still_at(pilot, 1)
        await pilot.press("n")
        await until(lambda: isinstance(dashboard.screen, ChooseEnvironment), "the dialog")
        await pilot.press("4", "0", "9", "6", "enter")
        assert isinstance(dashboard.screen, ChooseEnvironment)
        assert dashboard.screen.query_one(OptionList).option_count == 0
        await looks_as_before(pilot)
        dashboard.screen.query_one(Input).value = ""
        await pilot.press("escape")
        assert len(robots[0].selections) == 1


@pytest.mark.parametrize(
    ("source", "line"), [(NoRobot, "this task has no robot to draw"), (EndedRun, "not training: no robot to watch")]
)
async def test_why_there_is_no_robot(dashboard, robots, monkeypatch, source, line):
    monkeypatch.setattr("tui.screens.dashboard.screen.LiveRobot", source)
    async with dashboard.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await until(lambda: line in text_of(dashboard), line)
        await pilot.press("n", "space", "full_stop", "left", "v")
        await until(lambda: robots[-1].is_closed, "the end of the subscription")


async def test_a_paused_training_shows_where_it_stands(dashboard, robots, monkeypatch):
    monkeypatch.setattr("tui.screens.dashboard.screen.LiveRobot", PausedTraining)
    async with dashboard.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await robot_is_shown(dashboard)
        await pilot.press("n", *"random", "enter")  # is watched already
        await until(lambda: not isinstance(dashboard.screen, ChooseEnvironment), "the end of the dialog")
        await pilot.press("left")
        assert len(robots[-1].selections) == 1
        assert len(pane_of(dashboard).playback.history) == 1


async def test_the_last_seconds_of_an_ended_training_play_like_a_recording(dashboard, robots, monkeypatch):
    async with dashboard.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(dashboard)
        await pilot.press("v")
        await robot_is_shown(dashboard)
        monkeypatch.setattr(FakeRobot, "has_ended", True)
        await pilot.press("end")
        await until(lambda: "■ end" in text_of(dashboard), "the end")
        monkeypatch.setattr(Playback, "tick", lambda playback, now: None)  # it stays where it begins
        await pilot.press("space")
        await until(lambda: "▶ playing" in text_of(dashboard), "its beginning")


async def test_twenty_columns_show_the_robot_alone(log_root):
    app = playing(log_root, G1)
    async with app.run_test(size=(20, 12)) as pilot:
        await until(lambda: len(pane_of(app).playback.history), "its states")
        await pilot.press("space", "home")
        await until(lambda: "‖" in text_of(app), "the time line")
        assert "env" not in text_of(app)
