"""`g1-jump`: what its terms reward, and when a jump succeeds; jumps are throws of the robot's base, made by hand."""

from __future__ import annotations

import math

import pytest

pytestmark = pytest.mark.real

G = 9.81
COUNT = 15


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global COMMANDED, IN_FLIGHT, LANDED, STANDING, WAITING, built, find_suite, put, step, torch, value, weighted
    import torch

    from tests.trainer.goal_tasks import built, put, step, value, weighted
    from trainer_proc.evaluation.suites.registry import find_suite
    from trainer_proc.simulators.mjlab.tasks.g1_goal import STANDING
    from trainer_proc.simulators.mjlab.tasks.jump_command import COMMANDED, IN_FLIGHT, LANDED, WAITING


@pytest.fixture(scope="module")
def stage():
    with built("g1-jump", COUNT) as stage:
        yield stage


@pytest.fixture
def command(stage):
    stage.reset(1)
    return stage.task.command_manager.get_term("jump")


def phases(command):
    return set(command.phase.tolist())


def wait_for_the_command(stage, command):
    """Let all robots stand until the last one is commanded to jump."""
    for _ in range(60):
        put(stage)
        step(stage)
        if phases(command) == {COMMANDED}:
            return
    raise AssertionError(f"phases after 1.2 s of standing: {phases(command)}")


def throw(stage, command, rise):
    """Throw all robots up so that their roots rise by `rise` (m); return the time until they have landed (s)."""
    put(stage, height=STANDING, velocity=(0.0, 0.0, math.sqrt(2.0 * G * rise)))
    steps = 0
    while phases(command) != {LANDED}:
        step(stage)
        steps += 1
        assert steps < 60, f"phases: {phases(command)}"
    return steps * stage.task.step_dt


def stand(stage, seconds):
    """Keep all robots upright at the origins of their environments."""
    for _ in range(round(seconds / stage.task.step_dt)):
        put(stage)
        step(stage)


def test_the_robot_waits_before_each_command_and_is_told_what_and_where(stage, command):
    put(stage)
    step(stage)
    assert phases(command) == {WAITING}
    assert not command.command.any()
    for term in ("jump_height", "landed", "jump_distance", "air_time"):
        assert not value(stage, term).any()
    assert value(stage, "pose").min() > 0.9
    wait_for_the_command(stage, command)
    go, height, forward, left = command.command.unbind(-1)
    assert go.eq(1.0).all()
    assert height.min() >= 0.05
    assert height.max() <= 0.1
    away = (command.target_pos - stage.task.scene["robot"].data.root_link_pos_w)[:, :2].norm(dim=-1)
    assert torch.allclose(torch.hypot(forward, left), away, atol=1e-5)
    assert not value(stage, "pose").any()  # a jump needs another pose


def test_a_throw_is_a_jump_and_its_apex_is_measured(stage, command):
    wait_for_the_command(stage, command)
    in_the_air = throw(stage, command, 0.2)
    assert command.rise.tolist() == pytest.approx([0.2] * COUNT, abs=0.02)
    assert in_the_air == pytest.approx(2 * math.sqrt(2 * 0.2 / G), abs=0.12)
    assert not command.command[:, :2].any()
    assert torch.equal(command.metrics["apex"], command.rise)


def test_the_way_to_the_place_stays_known_after_the_landing(stage, command):
    wait_for_the_command(stage, command)
    throw(stage, command, 0.1)
    command.target_pos[:, :2] = stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    command.target_pos[:, 0] += 0.3
    put(stage)
    step(stage)
    assert not command.command[:, :2].any()
    assert command.command[:, 2:].norm(dim=-1).tolist() == pytest.approx(command.distance().tolist(), abs=1e-5)
    assert command.distance().min() > 0.1


def test_the_place_that_a_flight_leads_to_is_rewarded(stage, command):
    wait_for_the_command(stage, command)
    command.phase[:] = IN_FLIGHT
    put(stage, height=STANDING, velocity=(0.5, 0.0, 1.962))  # 0.4 s in the air, 0.2 m
    here = stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    command.target_pos[:, :2] = here
    command.target_pos[:, 0] += 0.2
    assert value(stage, "jump_distance").tolist() == pytest.approx([1.0] * COUNT, rel=1e-2)
    command.target_pos[:, 0] += 0.35
    assert value(stage, "jump_distance").tolist() == pytest.approx([math.exp(-1.0)] * COUNT, rel=1e-2)


def test_a_robot_that_walks_to_its_place_after_the_landing_has_not_jumped_there(stage, command):
    wait_for_the_command(stage, command)
    command.target_pos[:, :2] = stage.task.scene.env_origins[:, :2]
    command.target_pos[0, 0] += 0.5
    throw(stage, command, 0.2)
    command.target_pos[0, 0] -= 0.5
    stand(stage, 1.2)
    assert command.episode_success.tolist() == [0.0] + [1.0] * (COUNT - 1)
    assert command.metrics["landing_error"][0].item() == pytest.approx(0.5, abs=0.1)


def test_the_height_is_rewarded_by_what_it_lacks_from_the_velocity_on(stage, command):
    wait_for_the_command(stage, command)
    command.height[:] = 0.15
    put(stage, height=STANDING, velocity=(0.0, 0.0, math.sqrt(2.0 * G * 0.1)))
    assert value(stage, "jump_height").tolist() == pytest.approx([math.exp(-((0.1 / 0.1) ** 2))] * COUNT, rel=0.02)
    put(stage, height=STANDING, velocity=(0.0, 0.0, math.sqrt(2.0 * G * 0.25)))
    assert value(stage, "jump_height").tolist() == pytest.approx([1.0] * COUNT)
    put(stage, height=STANDING, velocity=(0.0, 0.0, -2.0))  # falling leads nowhere
    assert value(stage, "jump_height").tolist() == pytest.approx([math.exp(-((0.2 / 0.1) ** 2))] * COUNT, rel=0.02)
    throw(stage, command, 0.1)
    assert not value(stage, "jump_height").any()


def test_height_counts_in_flight_only_so_that_standing_on_the_toes_is_no_jump(stage, command):
    wait_for_the_command(stage, command)
    command.height[:] = 0.05
    put(stage, height=STANDING)
    flat = value(stage, "jump_height")
    put(stage, height=STANDING + 0.06)
    assert torch.allclose(value(stage, "jump_height"), flat)
    command.phase[:] = IN_FLIGHT
    assert (value(stage, "jump_height") > 2 * flat).all()


def test_only_the_flight_is_rewarded_for_air_time(stage, command):
    put(stage, height=STANDING + 0.3)  # in the air before the command
    step(stage, 3)
    assert not value(stage, "air_time").any()
    wait_for_the_command(stage, command)
    assert not value(stage, "air_time").any()
    put(stage, height=STANDING, velocity=(0.0, 0.0, 2.0))
    step(stage, 4)
    assert phases(command) == {IN_FLIGHT}
    assert value(stage, "air_time").tolist() == [1.0] * COUNT
    put(stage, height=STANDING - 0.1)  # sitting with the feet up
    assert not value(stage, "air_time").any()


def test_the_std_of_the_pose_takes_effect_at_once(stage, command):
    put(stage, joints={"left_knee_joint": 1.2})
    before = value(stage, "pose")
    stage.set({"reward/pose/std/.*": 0.4})
    assert torch.allclose(value(stage, "pose").log(), before.log() / 4, rtol=1e-3)
    stage.set({"reward/pose/std/.*": 0.2})


def test_a_hard_landing_costs_more(stage, command):
    def cost(rise):
        stage.reset(1)
        wait_for_the_command(stage, command)
        put(stage, height=STANDING, velocity=(0.0, 0.0, math.sqrt(2.0 * G * rise)))
        most = torch.zeros(COUNT)
        while phases(command) != {LANDED}:
            step(stage)
            most = torch.maximum(most, value(stage, "soft_landing"))
        return most

    assert (cost(0.3) > cost(0.05)).float().mean() > 0.8


def test_a_jump_succeeds_that_is_high_enough_lands_at_its_place_and_stands_for_a_second(stage, command):
    wait_for_the_command(stage, command)
    command.height[0] = 0.4  # this one is too low
    command.target_pos[:, :2] = stage.task.scene.env_origins[:, :2]
    command.target_pos[1, 0] += 1.0  # and this one lands elsewhere
    throw(stage, command, 0.2)
    stand(stage, 0.9)
    assert not command.episode_success.any()
    stand(stage, 0.3)
    assert command.episode_success.tolist() == [0.0, 0.0] + [1.0] * (COUNT - 2)
    assert command.metrics["jumped"].tolist() == command.episode_success.tolist()


def test_without_a_flight_or_without_standing_nothing_succeeds(stage, command):
    wait_for_the_command(stage, command)
    command.target_pos[:, :2] = stage.task.scene.env_origins[:, :2]
    stand(stage, 1.5)
    assert phases(command) == {COMMANDED}
    assert not command.episode_success.any()
    throw(stage, command, 0.2)
    for _ in range(round(1.5 / stage.task.step_dt)):
        put(stage, pitch=0.8)  # bent over, but it has not fallen
        step(stage)
    assert not command.episode_success.any()


def test_the_place_is_rewarded_after_the_landing(stage, command):
    wait_for_the_command(stage, command)
    throw(stage, command, 0.1)
    put(stage)
    command.target_pos[:, :2] = stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    command.target_pos[:, 0] += 0.25
    assert value(stage, "jump_distance").tolist() == pytest.approx([math.exp(-((0.25 / 0.35) ** 2))] * COUNT, rel=1e-3)


def test_after_the_landing_height_pays_only_for_a_robot_upright_at_its_place(stage, command):
    wait_for_the_command(stage, command)
    throw(stage, command, 0.1)
    command.height[:] = 0.15
    command.landing_error[:] = 0.0
    put(stage)
    command.target_pos[:, :2] = stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    reached = (-(((0.2 - command.rise) / 0.1) ** 2)).exp()
    assert torch.allclose(value(stage, "landed"), reached, rtol=1e-3)
    command.target_pos[:, 1] += 0.35
    assert torch.allclose(value(stage, "landed"), reached * math.exp(-1.0), rtol=1e-3)
    command.target_pos[:, 1] -= 0.35
    command.landing_error[:] = 0.35  # it has walked to the place since
    assert torch.allclose(value(stage, "landed"), reached * math.exp(-1.0), rtol=1e-3)
    command.landing_error[:] = 0.0
    put(stage, pitch=0.5)
    assert torch.allclose(value(stage, "landed"), reached * math.exp(-((math.sin(0.5) / 0.45) ** 2)), rtol=1e-3)


def test_to_jump_and_stay_pays_most_to_drift_away_less_and_not_to_jump_least(stage, command):
    wait_for_the_command(stage, command)
    put(stage)
    remains = sum(weighted(stage).values())
    throw(stage, command, 0.2)
    command.landing_error[:] = 0.0
    put(stage)
    command.target_pos[:, :2] = stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    stays = sum(weighted(stage).values())
    command.target_pos[:, 0] += 0.4  # the least drift that was measured in training
    drifts = sum(weighted(stage).values())
    command.target_pos[:, 0] += 0.5  # and the largest
    leaves = sum(weighted(stage).values())
    assert stays > 2 * remains
    assert stays - drifts > 4.0  # more than any pose or height can make up for
    assert drifts - leaves > 1.0
    command.target_pos[:, 0] -= 0.9
    command.height[:] = 0.5
    assert sum(weighted(stage).values()) < stays - 3.5  # a jump that is too low


def test_the_suite_commands_heights_and_distances(stage, command):
    suite = find_suite("commands")
    assert suite.cell_count(stage.spec, stage.task.cfg) == COUNT
    plan = suite.plan(stage)
    plan.trial.begin(torch.arange(COUNT))
    stage.reset(3)
    plan.trial.started()
    assert command.height.tolist() == pytest.approx([cell["height"] for cell in plan.cells])
    away = command.target_pos[:, :2] - stage.task.scene["robot"].data.root_link_pos_w[:, :2]
    assert away.norm(dim=-1).tolist() == pytest.approx([cell["distance"] for cell in plan.cells], abs=1e-4)
    step(stage)
    assert set(plan.trial.values()) == {"jumped", "apex", "landing_error"}
