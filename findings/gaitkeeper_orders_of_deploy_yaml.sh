#!/usr/bin/env bash
# gaitkeeper 0.5.4 reads Unitree's `deploy.yaml` in two ways, which disagree on `default_joint_pos` and on the scale and
# offset of actions. With `--deploy` these lists are in the policy's order, as Unitree's C++ controller has them; with
# `--onnx FILE --yaml FILE` they are in the motors' order, like stiffness and damping. So one file gives two default
# poses, without a word, unless `joint_ids_map` is the identity. Only gains are in the motors' order in both.
# Seen: "--deploy: left_knee_joint 0.32 rad, stiffness 4" and "--onnx --yaml: left_knee_joint 0.06 rad, stiffness 4". Fails
# if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet gaitkeeper==0.5.4 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata

import onnx
import yaml
from gaitkeeper.readers.mjlab_export import read_mjlab_export
from gaitkeeper.readers.unitree_deploy import SDK_TABLES, read_unitree_deploy
from onnx import TensorProto, helper

motors = SDK_TABLES["unitree_g1_29dof"][1][:29]
order = [*range(0, 29, 2), *range(1, 29, 2)]  # policy joint i goes to motor order[i]
names = [motors[motor] for motor in order]
pose = [round(0.02 * place, 2) for place in range(29)]  # of the policy's joints, in their order
file = {
    "joint_ids_map": order,
    "step_dt": 0.02,
    "stiffness": [float(motor) for motor in range(1, 30)],
    "damping": [1.0] * 29,
    "default_joint_pos": pose,
    "actions": {"JointPositionAction": {"scale": [0.5] * 29, "offset": pose, "clip": None}},
    "commands": {},
    "observations": {"joint_pos_rel": {"params": {}, "clip": None, "scale": [1.0] * 29, "history_length": 1}},
}
with open("deploy.yaml", "w") as target:
    yaml.safe_dump(file, target)
obs, actions = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 29]) for name in ("obs", "actions"))
graph = helper.make_graph([helper.make_node("Identity", ["obs"], ["actions"])], "policy", [obs], [actions])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
helper.set_model_props(model, {"joint_names": ",".join(names), "observation_names": "joint_pos"})
onnx.save(model, "policy.onnx")

by_deploy, _ = read_unitree_deploy("deploy.yaml")
by_metadata, _ = read_mjlab_export("policy.onnx", "deploy.yaml")
knee = "left_knee_joint"
found = {}
for name, contract in {"--deploy": by_deploy, "--onnx --yaml": by_metadata}.items():
    found[name] = contract.get("control.default_joint_pos")[knee], contract.get("control.actuators.kp")[knee]
    print(f"{name}: {knee} {found[name][0]:g} rad, stiffness {found[name][1]:g}")
print(f"gaitkeeper {importlib.metadata.version('gaitkeeper')}")
meant = pose[names.index(knee)]
assert found["--deploy"][0] == meant, f"that has changed: {found}"
assert found["--onnx --yaml"][0] != meant, f"that has changed: {found}"
assert found["--deploy"][1] == found["--onnx --yaml"][1], f"that has changed: {found}"
PYTHON
