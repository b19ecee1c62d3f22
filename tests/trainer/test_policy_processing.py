"""What stands between robot and policy: scales, limits, history and kinds are described as they are applied."""

from __future__ import annotations

from importlib import import_module

import msgspec
import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Arm, EventTermCfg, actions, JOINT_TERMS, ObservationTermCfg, actuators, arm, last_action
    global ObservationGroupCfg, export_policy, onnxruntime
    global make_runner, positions_of, read_policy_description, torch, write_policy_description, describe_policy
    import onnxruntime
    import torch
    from mjlab import actuator as actuators
    from mjlab.envs.mdp import last_action
    from mjlab.managers.event_manager import EventTermCfg
    from mjlab.managers.observation_manager import ObservationGroupCfg, ObservationTermCfg

    from tests.tiny_training import make_runner
    from tests.trainer.arm import JOINT_TERMS, Arm, arm, positions_of
    from trainer_proc.contract.bundle.description import read_policy_description, write_policy_description
    from trainer_proc.export.description import describe_policy
    from trainer_proc.export.write import export_policy

    actions = import_module("mjlab.envs.mdp.actions")  # `from mjlab.envs.mdp` imports a module in it


pytestmark = pytest.mark.real

POSE = {"shoulder": 0.1, "elbow": 0.2, "wrist": 0.3}


def three_joints():
    cfg = actuators.BuiltinPositionActuatorCfg(target_names_expr=(".*",), stiffness=50.0, damping=5.0)
    return {"robot": arm([cfg], **POSE)}


def another_default_pose(env, env_ids):
    """Add an offset to the default pose of each environment, and to the actions' offset, as BeyondMimic does."""
    offsets = 0.01 * torch.arange(1, 1 + env.num_envs)[:, None]
    env.scene["robot"].data.default_joint_pos += offsets
    env.action_manager.get_term("joint_pos").offset.add_(offsets)


def lit(env, brightness):
    """Stands for a camera, which needs a GPU or a window system: two channels of 8 × 6."""
    generator = torch.Generator().manual_seed(env.common_step_counter)
    return brightness * torch.rand(env.num_envs, 2, 8, 6, generator=generator)


def test_images_are_described_and_the_policy_that_sees_them_is_exported(folder):
    front = ObservationTermCfg(func=lit, params={"brightness": 0.5}, clip=(0.0, 0.4))
    training = Arm(three_joints(), cameras={"camera": ObservationGroupCfg({"front": front})})
    described = training.described()
    assert described.image_shapes == {"camera": [2, 8, 6]}
    (term,) = described.image_terms
    assert (term.name, term.group, term.parameters) == ("front", "camera", {"brightness": 0.5})
    assert (term.size, term.clip) == (2 * 8 * 6, (0.0, 0.4))
    assert [term.group for term in described.observation_terms] == ["actor"]

    write_policy_description(folder, described)
    training.runner.cfg["upload_model"] = False
    training.runner.save(str(folder.checkpoint(0)))
    export_policy(folder, folder.checkpoint(0))
    session = onnxruntime.InferenceSession(str(folder.exported / "policy.onnx"), providers=["CPUExecutionProvider"])
    observed = training.runner.env.get_observations()
    fed = {"obs": observed["actor"][:1].numpy(), "camera": observed["camera"][:1].numpy()}
    expected = training.runner.alg.get_policy()(observed)[0].tolist()
    assert session.run(["actions"], fed)[0][0].tolist() == pytest.approx(expected, abs=1e-5)


def processed(training, term, action):
    """Return what environment 0's term makes of the same `action` for each joint."""
    with torch.inference_mode():
        training.env.action_manager.process_action(torch.full((3, training.runner.env.num_actions), action))
    return training.env.action_manager.get_term(term)._processed_actions[0].tolist()


def test_a_randomized_default_pose_is_not_the_exported_one():
    training = Arm(three_joints(), events={"pose": EventTermCfg(func=another_default_pose, mode="startup")})
    assert training.env.scene["robot"].data.default_joint_pos[:, 0].tolist() == pytest.approx([0.11, 0.12, 0.13])
    described = training.described()
    assert described.default_joint_positions == [0.1, 0.2, 0.3]
    assert described.action_offset == [0.1, 0.2, 0.3]


def test_the_nominal_pose_of_a_keyframe_is_not_the_randomized_one():
    entities = three_joints()
    with_keyframe = entities["robot"].spec_fn

    def spec():
        made = with_keyframe()
        made.add_key(name="home", qpos=[0.4, 0.5, 0.6])
        return made

    entities["robot"].spec_fn = spec
    entities["robot"].init_state.joint_pos = None
    training = Arm(entities, events={"pose": EventTermCfg(func=another_default_pose, mode="startup")})
    described = training.described()
    assert described.default_joint_positions == pytest.approx([0.4, 0.5, 0.6])
    assert described.action_offset == pytest.approx([0.4, 0.5, 0.6])


def test_everything_done_to_observations_and_actions_is_described(folder):
    terms = {
        "pos": ObservationTermCfg(func=JOINT_TERMS["pos"], history_length=5),
        "vel": ObservationTermCfg(func=JOINT_TERMS["vel"], scale=0.05, clip=(-5.0, 5.0), history_length=2),
        "actions": ObservationTermCfg(func=last_action, scale=(1.0, 2.0, 3.0), delay_min_lag=1, delay_max_lag=2),
    }
    action = positions_of(scale={"shoulder": 0.5, "elbow": 0.4}, clip={"(shoulder|wrist)": (-1.0, float("inf"))})
    training = Arm(three_joints(), {"joint_pos": action}, terms=terms, clip_actions=4.0)
    described = training.described()
    pos, vel, last = described.observation_terms
    assert (pos.size, pos.history_length, pos.scale, pos.clip) == (15, 5, [1.0], None)
    assert (vel.size, vel.history_length, vel.scale, vel.clip) == (6, 2, pytest.approx([0.05]), (-5.0, 5.0))
    assert (last.size, last.history_length, last.scale, last.delay_steps) == (3, 0, [1.0, 2.0, 3.0], (1, 2))
    assert (vel.group, vel.history_order) == ("actor", "term")
    assert vel.function == "mjlab.envs.mdp.observations:joint_vel_rel"
    assert described.clip_actions == 4.0
    assert described.action_kinds == ["position"] * 3
    assert described.action_clip == [(-1.0, None), None, (-1.0, None)]
    # the environment makes the same of an action
    for value in (-4.0, 2.0):
        by_hand = [
            max(scale * value + offset, clip[0] if clip else -100.0)
            for scale, offset, clip in zip(
                described.action_scale, described.action_offset, described.action_clip, strict=True
            )
        ]
        assert processed(training, "joint_pos", value) == pytest.approx(by_hand)
    assert described.not_included == []
    write_policy_description(folder, described)
    read = read_policy_description(folder)
    for field in ("observation_terms", "action_terms", "action_clip", "clip_actions"):
        assert getattr(read, field) == getattr(described, field), field


def test_kinds_of_actions_are_told_apart_and_unknown_ones_are_named():
    joints = [actuators.BuiltinMotorActuatorCfg(target_names_expr=("shoulder",), effort_limit=20.0)]
    joints.append(
        actuators.IdealPdActuatorCfg(target_names_expr=("elbow",), stiffness=5.0, damping=0.5, effort_limit=9.0)
    )
    joints.append(actuators.BuiltinVelocityActuatorCfg(target_names_expr=("wrist",), damping=2.0))

    class SlowAction(actions.JointPositionAction):
        """Follows a filtered target."""

        def process_actions(self, actions):
            super().process_actions(actions * 0.1)

    class SlowActionCfg(actions.JointPositionActionCfg):
        def build(self, env):
            return SlowAction(self, env)

    training = Arm(
        {"robot": arm(joints, **POSE)},
        {
            "torque": actions.JointEffortActionCfg(entity_name="robot", actuator_names=("shoulder",), scale=5.0),
            "slow": SlowActionCfg(entity_name="robot", actuator_names=("elbow",)),
            "step": actions.RelativeJointPositionActionCfg(entity_name="robot", actuator_names=("elbow",), scale=0.1),
            "speed": actions.JointVelocityActionCfg(entity_name="robot", actuator_names=("wrist",), scale=3.0),
            "hand": actions.DifferentialIKActionCfg(
                entity_name="robot", actuator_names=(".*",), frame_name="base", max_dq=0.25
            ),
        },
    )
    described = training.described()
    assert described.action_kinds[:4] == ["effort", "position", "relative_position", "velocity"]
    assert described.action_kinds[4:] == ["DifferentialIKAction"] * 6
    assert described.action_names[:4] == ["shoulder", "elbow", "elbow", "wrist"]
    assert described.action_scale == [5.0, 1.0, 0.1, 3.0] + [None] * 6
    assert described.action_offset == [0.0, pytest.approx(0.2), 0.0, 0.0] + [None] * 6
    hand = described.action_terms[-1]
    assert (hand.name, hand.size, hand.configuration["max_dq"]) == ("hand", 6, 0.25)
    reasons = [line.partition(":")[0] for line in described.not_included]
    assert reasons == ["action slow", "action hand", "gains of shoulder"]
    assert described.joint_stiffness == [None, 5.0, 0.0]
    msgspec.json.encode(described)


def test_an_environment_without_managers_is_not_described_as_if_it_had_none_of_it():
    runner = make_runner()
    described = describe_policy(runner, "point", "own", None)
    assert [line.partition(":")[0] for line in described.not_included] == ["observation terms", "actions", "joints"]
    assert described.clip_actions is None
    runner.env.clip_actions = 0.5
    assert describe_policy(runner, "point", "own", None).clip_actions == 0.5
    runner.env.clip_actions = torch.tensor([0.5, 1.0])
    described = describe_policy(runner, "point", "own", None)
    assert described.clip_actions is None
    assert "clip_actions of PointEnv: expected one number, got [0.5, 1.0]" in described.not_included
