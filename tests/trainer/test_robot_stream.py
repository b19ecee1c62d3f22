"""The robot of a real training, as viewers get it: the cartpole on the CPU, its wire process and its sockets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
import zmq

from tests.program import program
from tests.robot_viewer import states_of
from tests.waiting import wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.requests import Pause, Resume, Stop
from trainer_proc.contract.robot import SELECTIONS, Selection, decode_robot
from trainer_proc.contract.run_folder import RunFolder
from tui.session.robot.live import NOT_LIVE, LiveRobot
from tui.session.runs.run_index import read_state
from tui.session.trainer_request import ask

pytestmark = pytest.mark.real

ENVIRONMENTS = 16
EPISODE = 10
"""Steps."""


class Training:
    """A training in a thread of its own, which counts the states that it packs."""

    def __init__(self, folder):
        from mjlab.envs import ManagerBasedRlEnv
        from mjlab.rl import MjlabOnPolicyRunner, RslRlVecEnvWrapper
        from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

        from trainer_proc import steer
        from trainer_proc.simulators.robot_reader import RobotReader

        self.folder = RunFolder(folder)
        cfg = load_env_cfg("Mjlab-Cartpole-Balance")
        cfg.scene.num_envs, cfg.seed = ENVIRONMENTS, 7
        cfg.episode_length_s = EPISODE * cfg.sim.mujoco.timestep * cfg.decimation
        self.env = ManagerBasedRlEnv(cfg, device="cpu")
        agent = asdict(load_rl_cfg("Mjlab-Cartpole-Balance")) | {"logger": "tensorboard"}
        runner = MjlabOnPolicyRunner(RslRlVecEnvWrapper(self.env), agent, str(folder), "cpu")
        steer(runner, task="Mjlab-Cartpole-Balance", success={"noise_free": 0.25})
        self.packs = 0
        self._pack = RobotReader.pack

        def pack(reader, environment, row):
            self.packs += 1
            self._pack(reader, environment, row)

        RobotReader.pack = pack
        self.thread = threading.Thread(target=runner.learn, args=(10**6, True))
        self.thread.start()

    def end(self):
        from trainer_proc.simulators.robot_reader import RobotReader

        if self.thread.is_alive():
            ask(self.folder, Stop())
        self.thread.join()
        RobotReader.pack = self._pack

    def steps(self, count):
        """Wait until the training has done this many steps more."""
        aim = self.env.common_step_counter + count
        wait_for(lambda: self.env.common_step_counter >= aim, f"{count} steps")

    def is_unwatched(self):
        """Tell whether nothing is packed in the next three steps."""
        before = self.packs
        self.steps(3)
        return self.packs == before


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    training = Training(tmp_path_factory.mktemp("logs") / "cartpole" / "run")
    yield training
    training.end()


@pytest.fixture
def watch(training):
    viewers = []

    def watch(kind, value=""):
        viewers.append(LiveRobot(training.folder, Selection(kind, value)))
        return viewers[-1]

    yield watch
    for viewer in viewers:
        viewer.close()
    if training.thread.is_alive():
        wait_for(training.is_unwatched, "the end of packing")


def problem_of(viewer):
    return wait_for(lambda: viewer.take() or viewer.problem, "a reason")


def test_a_viewer_gets_the_scene_and_every_state_of_its_environment(watch):
    viewer = watch("env", "3")
    states = states_of(viewer, EPISODE + 5)
    scene = viewer.scene
    assert scene.bodies[1:] == ("cartpole/cart", "cartpole/pole_1")
    assert (scene.num_envs, scene.task) == (ENVIRONMENTS, "Mjlab-Cartpole-Balance")
    assert {state.environment for state in states} == {3}
    assert {len(state.poses) for state in states} == {len(scene.bodies) * 7 * 4}
    following = [(one, other) for one, other in pairwise(states) if other.step == one.step + 1]
    for one, other in following:
        seconds = 0.0 if other.ended else one.time + scene.step_seconds
        assert other.time == pytest.approx(seconds)
    (ended,) = [state for state in states if state.ended][:1]
    assert (ended.ended, ended.is_time_out) == ("time_out", True)
    cart = [np.frombuffer(state.poses, "<f4").reshape(-1, 7)[1, 0] for state in states]
    assert cart == pytest.approx([np.frombuffer(state.joints, "<f4")[0] for state in states], abs=1e-5)
    assert len(set(cart)) > 1


def test_another_selection_replaces_the_first(watch):
    viewer = watch("env", "2")
    states_of(viewer, 1)
    viewer.select(Selection("env", "11"))
    assert {state.environment for state in states_of(viewer, 3)} == {11}
    viewer.select(Selection("env", "99"))
    assert {state.environment for state in states_of(viewer, 1)} == {ENVIRONMENTS - 1}
    assert viewer.notice == f"no environment 99: the closest is {ENVIRONMENTS - 1}"


def test_a_choice_by_value_is_made_again_when_its_episode_has_ended(watch):
    viewers = [watch("random", "mine"), watch("noise-free"), watch("best"), watch("worst")]
    for viewer in viewers:
        states = states_of(viewer, 3 * EPISODE)
        for one, other in pairwise(states):
            assert one.environment == other.environment or one.time <= 0.26  # a new episode has begun
        watched = {state.environment for state in states}
        assert len(watched) > 1 or viewer.selection.kind in ("best", "worst")
        assert len(watched) <= ENVIRONMENTS // 4 or viewer.selection.kind != "noise-free"


def test_a_selection_that_fits_nothing_gets_the_reason(watch):
    assert problem_of(watch("tilted")) == "this robot can't tilt: its root is fixed to the world"
    assert problem_of(watch("type", "stairs")) == "no such type of environment: stairs; this task has no types"
    assert problem_of(watch("env", "-1")) == f"expected the number of an environment, 0 to {ENVIRONMENTS - 1}, got -1"
    assert problem_of(watch("nearest")) == f"no such selection: there are {', '.join(SELECTIONS)}"


def test_the_command_prints_one_state_and_ends(training, tmp_path):
    frame = json.loads(program(tmp_path, "robot", str(training.folder.path), "--env", "7", "--json"))
    assert frame["environment"] == 7
    assert frame["joints"].keys() == {"slider"}
    assert frame["poses"].keys() == set(frame["scene"]["bodies"])


def test_a_fifth_selection_waits_until_another_is_closed(watch):
    first, *others = [watch("env", str(number)) for number in range(4)]
    for viewer in (first, *others):
        states_of(viewer, 1)
    fifth, again = watch("env", "4"), watch("env", "1")
    assert "close one" in problem_of(fifth)
    assert states_of(again, 1)
    first.close()
    assert {state.environment for state in states_of(fifth, 1)} == {4}
    assert fifth.problem == ""


def test_a_viewer_that_stops_reading_delays_neither_the_training_nor_others(training, watch):
    deaf = watch("env", "5")
    states_of(deaf, 1)
    training.steps(3 * EPISODE)
    assert states_of(watch("env", "5"), 5)


def test_a_dead_viewer_costs_nothing(training):
    address = read_connection(training.folder).robot
    code = (
        f"import zmq\nsocket = zmq.Context().socket(zmq.SUB)\nsocket.connect({address!r})\n"
        f"socket.subscribe({Selection('env', '0').topic()!r})\nwhile True: print(len(socket.recv()), flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout.readline()
        assert not training.is_unwatched()
        viewer.send_signal(signal.SIGKILL)
    wait_for(training.is_unwatched, "the end of packing")


def test_subscriptions_of_foreign_programs_are_ignored(training):
    address = read_connection(training.folder).robot
    with zmq.Context.instance().socket(zmq.SUB) as foreign:
        foreign.connect(address)
        foreign.subscribe(b"")
        foreign.subscribe(b"\xff\0")
        training.steps(3)
        topic, data = foreign.recv_multipart()
        assert (topic, decode_robot(data).text.partition(":")[0]) == (b"\xff\0", "no such selection")
        assert training.is_unwatched()


def test_a_paused_training_shows_where_it_stands(training, watch):
    ask(training.folder, Pause())
    wait_for(lambda: read_state(training.folder).phase.phase == "paused", "the pause")
    try:
        viewer, other = watch("env", "3"), watch("best")
        (state, *_), (best, *_) = states_of(viewer, 1), states_of(other, 1)
        assert state.step == best.step
        assert state.time == pytest.approx(float(training.env.episode_length_buf[3]) * viewer.scene.step_seconds)
        again = watch("env", "3")
        assert states_of(again, 1)[0].poses == state.poses
    finally:
        ask(training.folder, Resume())
    assert states_of(viewer, 3)


def test_an_ended_training_is_no_longer_live(training, watch):
    viewer = watch("env", "0")
    states_of(viewer, 1)
    training.end()
    wait_for(lambda: viewer.take() is not None and viewer.problem == NOT_LIVE, "the end")
    assert viewer.scene is not None
    viewer.close()
    assert problem_of(LiveRobot(training.folder, Selection("env", "0"))) == NOT_LIVE
