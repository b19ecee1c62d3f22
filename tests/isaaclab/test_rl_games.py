"""A real training of Isaac Lab's cartpole by rl_games, watched, steered, stopped and continued."""

from __future__ import annotations

from typing import ClassVar

import pytest

pytest.importorskip("isaaclab")
pytest.importorskip("rl_games")

from tests.isaaclab.library_promises import LibraryPromises, elu_layers

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]


class TestRlGames(LibraryPromises):
    library = "rl_games"
    layers = "agent.params.network.mlp.units"
    overrides: ClassVar = {"agent.params.config.minibatch_size": 128, "agent.params.config.mini_epochs": 2}

    def check_settings(self, run, iteration):
        assert run.metric("info/e_clip", iteration) == pytest.approx(0.1)

    def policy_of(self, content):
        return content["model"]

    def actions(self, weights, observations):
        layers = ("a2c_network.actor_mlp.0", "a2c_network.actor_mlp.2", "a2c_network.mu")
        return elu_layers(weights, layers, observations.clamp(-5, 5)).clamp(-1, 1)
