"""A training of either simulator, in which what is promised is measured; a line of JSON for each iteration.

It holds what the rollout was collected under, by the simulator's own objects, and what the update did.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from tests.backends.measured import measure
from tests.backends.names import installed_simulator
from tests.train_witnessed import train_witnessed
from trainer_proc.contract.run_folder import RunSpec


class Measuring:
    """Measures one iteration after the other, by wrapping methods on the instances, as rsl-rl's runner calls them."""

    def __init__(self, runner, tell, simulator, task):
        self._env, self._algorithm, self._tell = runner.env.unwrapped, runner.alg, tell
        self._humanoid = humanoid = simulator.humanoid if task == simulator.humanoid.own_task else None
        self._noisy = (humanoid or simulator.small).noise.split("/")[1:3]
        self._measured = measure(self._env, simulator)
        self._step, runner.env.step = runner.env.step, self._seen_step
        self._update, runner.alg.update = runner.alg.update, self._seen_update
        self._optimize, runner.alg.optimizer.step = runner.alg.optimizer.step, self._seen_optimizer_step
        if humanoid is not None:
            self._sampled = self._measured.sampling(self._env.command_manager.get_term(humanoid.command))
            events = self._env.event_manager
            self._apply, events.apply = events.apply, self._seen_apply
        self._begin()

    def _begin(self):
        self._seen = {"ended": [], "commands": [], "pushes": [], "offsets": [], "ratios": [], "falls": 0}
        self._rates: list[float] = []

    def _seen_step(self, actions):
        stepped = self._step(actions)
        ended = stepped[2].bool()
        self._seen["ended"].append(ended.tolist())
        if self._humanoid is not None:
            self._seen["ratios"] += self._reward_ratios(~ended)
            self._seen["offsets"] += self._measured.forward_position()[ended].tolist()
            self._seen["commands"] += self._sampled()
            self._seen["falls"] += int(self._env.termination_manager.get_term(self._humanoid.fall_term).sum())
        self._observations = stepped[0]
        return stepped

    def _reward_ratios(self, alive):
        """Return what each environment was given for a term, by what the term's own function returns for it."""
        manager, name = self._env.reward_manager, self._humanoid.weight_term
        cfg = manager.get_term_cfg(name)
        raw = cfg.func(self._env, **cfg.params)
        given = manager._step_reward[:, manager.active_terms.index(name)]
        return (given / raw)[alive & (raw.abs() > 1e-6)].tolist()

    def _seen_apply(self, mode, *args, **kwargs):
        before = self._measured.forward_velocity().clone()
        self._apply(mode, *args, **kwargs)
        if mode == "interval":
            pushes = self._measured.forward_velocity() - before
            self._seen["pushes"] += pushes[pushes != 0].tolist()

    def _seen_optimizer_step(self, *args, **kwargs):
        self._rates.append(self._algorithm.optimizer.param_groups[0]["lr"])
        return self._optimize(*args, **kwargs)

    def _seen_update(self):
        seen = self._seen | {
            "counter": int(self._env.common_step_counter),
            "masses": self._measured.masses().tolist(),
            "noise": self._noise().tolist(),
        }
        if self._humanoid is not None:
            seen["frictions"] = self._measured.frictions().tolist()
            seen["strengths"] = self._measured.strengths().tolist()
        before = self._weights()
        result = self._update()
        seen["moved"] = float((self._weights() - before).abs().max())
        seen["rates"] = self._rates
        self._tell(seen)
        self._begin()
        return result

    def _weights(self):
        return torch.cat([weights.detach().flatten() for weights in self._algorithm.actor.parameters()])

    def _noise(self):
        """Return what was added to an observation: E × its size."""
        group, term = self._noisy
        manager = self._env.observation_manager
        sizes = [size[-1] for size in manager.group_obs_term_dim[group]]
        index = manager.active_terms[group].index(term)
        begin = sum(sizes[:index])
        configurations = manager._group_obs_term_cfgs[group]
        cfg = configurations[index]
        observed = self._observations[group][:, begin : begin + sizes[index]]
        return observed - cfg.func(self._env, **cfg.params)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log_dir", type=Path)
    parser.add_argument("fields", help="JSON: fields of a RunSpec")
    arguments = parser.parse_args()
    simulator = installed_simulator()
    assert simulator is not None
    fields = {"preset": "", "backend": simulator.backend, "experiment": "promised", "device": "cpu", "num_envs": 6}
    spec = RunSpec(**(fields | {"iterations": 5000, "seed": 3} | json.loads(arguments.fields)))

    if spec.fast:
        from tests.trainer.fast.tape import tape_stages

        tape_stages()

    def attach(runner, tell):
        Measuring(runner, tell, simulator, spec.task)

    train_witnessed(arguments.log_dir, spec, attach)


if __name__ == "__main__":
    main()
