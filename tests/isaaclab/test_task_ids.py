"""Task ids of Isaac Lab 2.3's documentation, found in the real registry of 3.0; and physics that isn't there."""

from __future__ import annotations

import gymnasium
import isaaclab_tasks  # noqa: F401
import pytest

from tests.isaaclab.task_spec import task_spec
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.isaaclab.launch import load_configurations
from trainer_proc.simulators.isaaclab.task_ids import find_task
from trainer_proc.simulators.registry import load_backend

TASKS = [name for name, entry in gymnasium.registry.items() if "env_cfg_entry_point" in (entry.kwargs or {})]

OF_2_3 = {
    "Isaac-Cartpole-v0": "Isaac-Cartpole",
    "Isaac-Cartpole-Direct-v0": "Isaac-Cartpole-Direct",
    "Isaac-Ant-v0": "Isaac-Ant",
    "Isaac-Humanoid-v0": "Isaac-Humanoid",
    "Isaac-Humanoid-Direct-v0": "Isaac-Humanoid-Direct",
    "Isaac-Humanoid-AMP-Walk-Direct-v0": "IsaacContrib-Humanoid-AMP-Walk-Direct",
    "Isaac-Cartpole-RGB-v0": "Isaac-Cartpole-Camera presets=rgb",
    "Isaac-Cartpole-Depth-v0": "Isaac-Cartpole-Camera presets=depth",
    "Isaac-Cartpole-RGB-Camera-Direct-v0": "Isaac-Cartpole-Camera-Direct presets=rgb",
    "Isaac-Cartpole-Depth-Camera-Direct-v0": "Isaac-Cartpole-Camera-Direct presets=depth",
    "Isaac-Cartpole-RGB-ResNet18-v0": "Isaac-Cartpole-Camera presets=resnet18",
    "Isaac-Cartpole-RGB-TheiaTiny-v0": "Isaac-Cartpole-Camera presets=theia_tiny",
    "Isaac-Cartpole-Showcase-Dict-MultiDiscrete-Direct-v0": (
        "IsaacContrib-Cartpole-Showcase-Direct presets=dict_multidiscrete"
    ),
    "Isaac-Cartpole-Camera-Showcase-Tuple-Box-Direct-v0": (
        "IsaacContrib-Cartpole-Camera-Showcase-Direct presets=tuple_box"
    ),
    "Isaac-Cart-Double-Pendulum-Direct-v0": "Isaac-Pendulum-MARL-Direct",
    "Isaac-Reach-Franka-v0": "Isaac-Reach-Franka",
    "Isaac-Reach-OpenArm-Bi-v0": "IsaacContrib-Reach-OpenArmBi",
    "Isaac-Lift-Cube-Franka-v0": "IsaacContrib-Lift-Cube-Franka",
    "Isaac-Open-Drawer-Franka-v0": "Isaac-Open-Drawer-Franka",
    "Isaac-Franka-Cabinet-Direct-v0": "Isaac-Open-Drawer-Franka-Direct",
    "Isaac-Repose-Cube-Allegro-v0": "Isaac-Reorient-Cube-Allegro",
    "Isaac-Repose-Cube-Allegro-Direct-v0": "Isaac-Reorient-Cube-Allegro-Direct",
    "Isaac-Repose-Cube-Shadow-Direct-v0": "Isaac-Reorient-Cube-Shadow-Direct",
    "Isaac-Repose-Cube-Shadow-OpenAI-FF-Direct-v0": "IsaacContrib-Reorient-Cube-Shadow-OpenAI-FF-Direct",
    "Isaac-Repose-Cube-Shadow-Vision-Direct-v0": "Isaac-Reorient-Cube-Shadow-Camera-Direct",
    "Isaac-Shadow-Hand-Over-Direct-v0": "Isaac-Shadow-Handover-Direct",
    "Isaac-Dexsuite-Kuka-Allegro-Lift-v0": "Isaac-Lift-KukaAllegro",
    "Isaac-Dexsuite-Kuka-Allegro-Reorient-v0": "Isaac-Reorient-KukaAllegro",
    "Isaac-Factory-PegInsert-Direct-v0": "IsaacContrib-Factory-PegInsert-Direct",
    "Isaac-Navigation-Flat-Anymal-C-v0": "IsaacContrib-Navigation-Flat-AnymalC",
    "Isaac-Tracking-LocoManip-Digit-v0": "IsaacContrib-Tracking-LocoManip-Digit",
    "Isaac-Velocity-Flat-G1-v0": "Isaac-Velocity-Flat-G1",
    "Isaac-Velocity-Rough-G1-v0": "Isaac-Velocity-Rough-G1",
    "Isaac-Velocity-Flat-H1-v0": "Isaac-Velocity-Flat-H1",
    "Isaac-Velocity-Rough-H1-v0": "Isaac-Velocity-Rough-H1",
    "Isaac-Velocity-Flat-Cassie-v0": "Isaac-Velocity-Flat-Cassie",
    "Isaac-Velocity-Flat-Digit-v0": "IsaacContrib-Velocity-Flat-Digit",
    "Isaac-Velocity-Rough-Digit-v0": "IsaacContrib-Velocity-Rough-Digit",
    "Isaac-Velocity-Flat-Spot-v0": "IsaacContrib-Velocity-Flat-Spot",
    "Isaac-Velocity-Flat-Anymal-B-v0": "IsaacContrib-Velocity-Flat-AnymalB",
    "Isaac-Velocity-Flat-Anymal-C-v0": "IsaacContrib-Velocity-Flat-AnymalC",
    "Isaac-Velocity-Flat-Anymal-C-Direct-v0": "IsaacContrib-Velocity-Flat-AnymalC-Direct",
    "Isaac-Velocity-Flat-Anymal-D-v0": "Isaac-Velocity-Flat-AnymalD",
    "Isaac-Velocity-Rough-Anymal-D-v0": "Isaac-Velocity-Rough-AnymalD",
    "Isaac-Velocity-Flat-Unitree-A1-v0": "IsaacContrib-Velocity-Flat-UnitreeA1",
    "Isaac-Velocity-Flat-Unitree-Go1-v0": "IsaacContrib-Velocity-Flat-UnitreeGo1",
    "Isaac-Velocity-Flat-Unitree-Go2-v0": "Isaac-Velocity-Flat-UnitreeGo2",
}


@pytest.mark.parametrize("name", OF_2_3)
def test_an_older_id_is_found_under_its_name_of_today(name):
    assert str(find_task(name, TASKS)) == OF_2_3[name]
    assert OF_2_3[name].partition(" ")[0] in TASKS


@pytest.mark.parametrize("task", TASKS)
def test_every_registered_id_is_itself(task):
    assert find_task(task, TASKS).name == task
    if not task.endswith("-v0"):
        assert find_task(f"{task}-v0", TASKS).name in (task, f"{task}-v0")


@pytest.mark.parametrize(
    ("name", "library"),
    [("Isaac-Cartpole-Depth-v0", "rsl_rl"), ("Isaac-Cartpole-Showcase-Tuple-Box-Direct-v0", "skrl")],
)
def test_what_an_older_id_said_beside_the_task_is_a_preset_that_there_is(name, library):
    spec = load_backend("isaaclab", load_library).check(task_spec(name, library=library))
    assert f"{spec.task} {spec.hydra[0]}" == str(find_task(name, TASKS))
    load_configurations(spec, f"{library}_cfg_entry_point")


def test_the_note_on_a_renamed_task_is_for_the_console(capsys):
    with pytest.raises(BackendError, match=r"^IsaacContrib-Velocity-Flat-Digit needs "):  # a robot that is not here
        load_backend("isaaclab", load_library).check(task_spec("Isaac-Velocity-Flat-Digit-v0"))
    assert "Isaac-Velocity-Flat-Digit-v0 is called IsaacContrib-Velocity-Flat-Digit" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Isaac-Velocity-Flat-G1-Play-v0", "is for playing a policy: train Isaac-Velocity-Flat-G1"),
        ("Isaac-Velocity-Flt-G1", "no such task in Isaac Lab: Isaac-Velocity-Flt-G1; nearest: Isaac-Velocity-Flat-G1,"),
        ("Isaac-Quadcopter-Direct-v0", "no such task in Isaac Lab: Isaac-Quadcopter-Direct-v0; nearest: "),
        ("zzz", "no such task in Isaac Lab: zzz; there are Isaac-Ant"),
    ],
)
def test_what_is_no_task_is_told_in_one_line(name, line):
    with pytest.raises(BackendError) as error:
        find_task(name, TASKS)
    assert line in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_physx_without_isaac_sim_is_refused_in_one_line():
    with pytest.raises(BackendError, match=r"^physics physx needs Isaac Sim, which is not installed: .*newton$"):
        load_backend("isaaclab", load_library).check(task_spec("Isaac-Cartpole", physics="physx"))


@pytest.mark.parametrize("answer", [None, "", "no"])
def test_physx_without_the_accepted_licence_is_refused_in_one_line(tmp_path, monkeypatch, answer):
    (tmp_path / "isaacsim").mkdir()
    (tmp_path / "isaacsim" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("OMNI_KIT_ACCEPT_EULA", raising=False)
    if answer is not None:
        monkeypatch.setenv("OMNI_KIT_ACCEPT_EULA", answer)
    with pytest.raises(BackendError, match=r"must be accepted: set OMNI_KIT_ACCEPT_EULA=YES before the launch$"):
        load_backend("isaaclab", load_library).check(task_spec("Isaac-Cartpole", physics="physx"))
    monkeypatch.setenv("OMNI_KIT_ACCEPT_EULA", "yes")
    assert load_backend("isaaclab", load_library).check(task_spec("Isaac-Cartpole", physics="physx")).physics == "physx"
