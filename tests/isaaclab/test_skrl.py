"""A real training of Isaac Lab's cartpole by skrl, watched, steered, stopped and continued."""

from __future__ import annotations

import pytest

pytest.importorskip("isaaclab")
pytest.importorskip("skrl")

from tests.isaaclab.library_promises import ENTROPY, LibraryPromises, elu_layers

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]


class TestSkrl(LibraryPromises):
    library = "skrl"
    layers = "agent.models.policy.network.0.layers"

    def check_settings(self, run, iteration):
        entropy, scaled = (run.metric(name, iteration) for name in ("Loss/entropy", "Loss / Entropy loss"))
        assert scaled == pytest.approx(-run.value(ENTROPY) * entropy, rel=0.1)

    def policy_of(self, content):
        return content["policy"]

    def actions(self, weights, observations):
        return elu_layers(weights, ("net_container.0", "net_container.2", "policy_layer"), observations)
