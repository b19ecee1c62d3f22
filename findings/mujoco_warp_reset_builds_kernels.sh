#!/usr/bin/env bash
# mujoco-warp 3.11.0 with warp-lang 1.19.0: every call of `reset_data` defines its six kernels anew and hashes their
# source, although nothing has changed and nothing is compiled again. Other functions, such as `step`, do so only once.
# A loop that resets worlds on a CPU, where no CUDA graph replays the call, spends more time on this than on the reset.
# Seen: "reset_data: 6 kernels built per call" and "step: 0 kernels built per call". Fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet mujoco-warp==3.11.0 mujoco==3.11.0 warp-lang==1.19.0
"$folder/venv/bin/python" - <<'PYTHON'
import time

import mujoco
import mujoco_warp
import warp
from warp._src.codegen import Adjoint

warp.config.log_level = 30
built = 0
build = Adjoint.__init__


def counted(*arguments, **options):
    global built
    built += 1
    build(*arguments, **options)


model = mujoco.MjModel.from_xml_string("<mujoco><worldbody><body><freejoint/><geom size='.1'/></body></worldbody></mujoco>")
on_device = mujoco_warp.put_model(model)
data = mujoco_warp.put_data(model, mujoco.MjData(model), nworld=4)
worlds = warp.array([True, False, False, True], dtype=bool)
calls = {
    "reset_data": lambda: mujoco_warp.reset_data(on_device, data, worlds),
    "step": lambda: mujoco_warp.step(on_device, data),
}
for call in calls.values():
    call()  # compiles
Adjoint.__init__ = counted
per_call = {}
for name, call in calls.items():
    built, began = 0, time.thread_time()
    for _ in range(10):
        call()
    per_call[name] = built / 10
    print(f"{name}: {built / 10:g} kernels built per call, {(time.thread_time() - began) * 100:.1f} ms")
print(f"mujoco-warp {mujoco_warp.__version__}, warp-lang {warp.__version__}")
assert per_call == {"reset_data": 6, "step": 0}, f"that has changed: {per_call}"
PYTHON
