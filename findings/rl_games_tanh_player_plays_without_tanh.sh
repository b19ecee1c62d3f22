#!/usr/bin/env bash
# rl_games 1.6.5: a policy of model `continuous_a2c_tanh` acts by tanh of a normal sample while it trains, but its player
# in deterministic mode, the one that evaluations and exports use, plays the mean without tanh and clips it to ±1. So
# what is watched or exported isn't what was trained: actions are larger wherever the mean isn't near 0, and saturated
# where training never was.
# Seen: "mean 1.00: trained without noise 0.76, played 1.00" and "mean 0.50: trained without noise 0.46, played 0.50".
# Fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet torch==2.11.0 rl-games==1.6.5
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata

import gymnasium
import numpy
import torch
from rl_games.algos_torch.players import PpoPlayerContinuous

network = {
    "name": "actor_critic",
    "separate": False,
    "space": {
        "continuous": {
            "mu_activation": "None",
            "sigma_activation": "None",
            "mu_init": {"name": "default"},
            "sigma_init": {"name": "const_initializer", "val": -20.0},  # no noise to speak of
            "fixed_sigma": True,
        }
    },
    "mlp": {"units": [4], "activation": "elu", "initializer": {"name": "default"}},
}
box = gymnasium.spaces.Box(-numpy.ones(2, numpy.float32), numpy.ones(2, numpy.float32))
config = {
    "env_name": "",
    "env_info": {"observation_space": box, "action_space": box},
    "device_name": "cpu",
    "normalize_input": False,
    "clip_actions": True,
}
player = PpoPlayerContinuous({"config": config, "model": {"name": "continuous_a2c_tanh"}, "network": network})
player.has_batch_dimension = True
player.model.a2c_network.mu.weight.data.zero_()
found = {}
for mean in (1.0, 0.5):
    player.model.a2c_network.mu.bias.data.fill_(mean)
    observation = torch.zeros(1, 2)
    trained = player.model({"is_train": False, "prev_actions": None, "obs": observation.clone()})["actions"]
    played = player.get_action(observation, is_deterministic=True)
    found[mean] = trained[0, 0].item(), played[0, 0].item()
    print(f"mean {mean:.2f}: trained without noise {found[mean][0]:.2f}, played {found[mean][1]:.2f}")
print(f"rl-games {importlib.metadata.version('rl-games')}, torch {torch.__version__}")
for mean, (trained, played) in found.items():
    assert abs(trained - numpy.tanh(mean)) < 1e-3, f"that has changed: {found}"
    assert played == mean, f"that has changed: {found}"
PYTHON
