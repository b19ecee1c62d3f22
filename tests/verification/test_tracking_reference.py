"""A policy that tracks a motion meets the same episodes in the training's simulator as in MuJoCo."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tests.standing_motion import write_squat
from trainer_proc.contract.bundle.gate import GateCell, Push
from trainer_proc.contract.run_folder import RunFolder, RunSpec

SECONDS = 1.0
SPEC = RunSpec(
    preset="g1-tracking",
    backend="mjlab",
    task="Mjlab-Tracking-Flat-Unitree-G1",  # its policy observes the anchor's position and the base's velocity
    experiment="g1_tracking",
    device="cpu",
    num_envs=1,
    iterations=1,
    seed=1,
    overrides={"agent.num_steps_per_env": 1},
)


def cell(name, **changes):
    return GateCell(name=name, group="tracking", seconds=SECONDS, episodes=1, **changes)


CELLS = (
    cell("motion"),
    cell("push", push=Push(5.0, 0.2, 0.3)),  # later than the episode, so in its middle
    cell("start", start=1.0),
    cell("strong", motor_strength=1.1),
    cell("late", latency_steps=1),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Make a run with an untrained policy, and its export."""
    import torch

    from trainer_proc.evaluation.stage import built_stage
    from trainer_proc.export.record import record_policy
    from trainer_proc.export.write import export_policy
    from trainer_proc.rl_libraries.isaaclab.load import load_library
    from trainer_proc.simulators.registry import load_backend

    work = tmp_path_factory.mktemp("tracking")
    motion = write_squat(work / "squat.npz")
    spec = msgspec.structs.replace(SPEC, overrides=SPEC.overrides | {"env.commands.motion.motion_file": str(motion)})
    folder = RunFolder(work / "2026-03-01_10-00-00")
    folder.path.mkdir()
    folder.write_spec(spec)
    with built_stage(load_backend("mjlab", load_library), spec, {}) as stage:
        record_policy(stage.runner, folder, spec, stage.simulator)
        torch.save(stage.runner.alg.save() | {"iter": 7, "infos": {}}, folder.checkpoint(7))
    export_policy(folder, folder.checkpoint(7))
    return folder


@pytest.fixture(scope="module")
def played(run):
    from tests.verification.both_simulators import play_in_both

    return play_in_both(run, run.checkpoint(7), run.exported, CELLS)


@pytest.mark.real
@pytest.mark.parametrize("name", [one.name for one in CELLS])
def test_an_episode_is_the_same_in_both_simulators(played, name):
    here, there = played[0][name]
    assert there.planned_steps == here.planned_steps == round(SECONDS / 0.02)
    shared = min(here.steps, there.steps)
    assert abs(here.steps - there.steps) <= 2
    assert shared > 20
    np.testing.assert_allclose(there.joint_positions[:5], here.joint_positions[:5], atol=2e-3)
    np.testing.assert_allclose(there.joint_positions[:shared], here.joint_positions[:shared], atol=0.1)
    np.testing.assert_allclose(there.tracking[:5], here.tracking[:5], atol=1e-3)
    np.testing.assert_allclose(there.tracking[:shared], here.tracking[:shared], atol=0.03)


@pytest.mark.real
def test_the_trace_agrees_with_the_bundle_step_by_step_and_shows_its_faults(run, played):
    from tests.verification import faults
    from trainer_proc.contract.bundle.card import TRACE
    from trainer_proc.contract.bundle.trace import write_trace
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.verification.trace.check import check_trace

    write_trace(run.exported / TRACE, played[1])
    bundle = load_bundle(run.exported)
    assert bundle.card.commands[0].frames == 100
    assert check_trace(bundle).faults == ()
    assert check_trace(bundle).notes == ()
    swapped = faults.swapped("left_knee_joint", "right_knee_joint")
    found = check_trace(load_bundle(faults.broken(run.exported, run.path / "swapped", swapped))).faults
    assert any(line.startswith("observation_terms.joint_pos.joints: joints swapped: left_knee") for line in found)
    late = faults.term("motion_anchor_ori_b", scale=[2.0])
    found = check_trace(load_bundle(faults.broken(run.exported, run.path / "late", late))).faults
    assert found[0].startswith("observation_terms.motion_anchor_ori_b.scale: scale is 2 times too high")


@pytest.mark.real
def test_a_held_motion_is_played_once_and_its_last_frame_stays(tmp_path):
    import torch

    from tests.trainer.knobs.simulated import Simulated
    from trainer_proc.evaluation.held_motion import hold_motion

    def short(cfg):
        motion = dict(np.load(write_squat(tmp_path / "squat.npz")))
        frames = {name: values if name == "fps" else values[:4] for name, values in motion.items()}
        np.savez(tmp_path / "short.npz", **frames)
        cfg.commands["motion"].motion_file = str(tmp_path / "short.npz")
        cfg.terminations = {}

    simulated = Simulated(SPEC.task, 2, short)
    term = simulated.env.command_manager.get_term("motion")
    hold_motion(term)
    for _ in range(2):
        simulated.reset()
        played = [term.time_steps.tolist()]
        with torch.inference_mode():
            for _ in range(6):
                simulated.env.step(torch.zeros(2, 29))
                played.append(term.time_steps.tolist())
        assert played == [[step, step] for step in (0, 1, 2, 3, 3, 3, 3)]
