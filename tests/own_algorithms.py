"""Algorithms and configurations as users write them: subclasses of rsl-rl's PPO, and its other algorithms."""

from __future__ import annotations

import torch
from rsl_rl.algorithms import PPO
from rsl_rl.runners import DistillationRunner
from tensordict import TensorDict
from torch.nn.utils import clip_grad_norm_ as clip_by_its_own_name

from tests.tiny_training import STEPS, PointEnv, make_runner


class OneClip(PPO):
    """Clips the gradients of all networks together."""

    def update(self):
        sums = 0.0
        for batch in self.storage.mini_batch_generator(self.num_mini_batches, self.num_learning_epochs):
            loss = self.loss(batch)
            self.optimizer.zero_grad()
            loss.backward()
            self.before_clipping()
            self.clip()
            self.optimizer.step()
            sums += loss.item()
        self.storage.clear()
        return {"all": sums / (self.num_mini_batches * self.num_learning_epochs)}

    def loss(self, batch):
        self.actor(batch.observations, stochastic_output=True)
        log_prob = self.actor.get_output_log_prob(batch.actions)
        ratio = torch.exp(log_prob - batch.old_actions_log_prob.squeeze())
        values = self.critic(batch.observations)
        return -(batch.advantages.squeeze() * ratio).mean() + (batch.returns - values).square().mean()

    def before_clipping(self):
        pass

    def clip(self):
        torch.nn.utils.clip_grad_norm_([*self.actor.parameters(), *self.critic.parameters()], self.max_grad_norm)


class OwnClip(OneClip):
    """Clips by a name that it has imported, which no patch of torch's module reaches."""

    def clip(self):
        clip_by_its_own_name(self.actor.parameters(), self.max_grad_norm)


class ThreeClips(OneClip):
    """As AMP: another network beside the policy, clipped alone, and log-probabilities of other actions."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.discriminator = torch.nn.Linear(3, 1)
        self.optimizer.add_param_group({"params": self.discriminator.parameters(), "lr": 1e-4})

    def loss(self, batch):
        own = super().loss(batch)
        self.actor(batch.observations, stochastic_output=True)
        smooth = self.actor.get_output_log_prob(batch.actions + 0.1).mean()
        return own - 1e-3 * smooth + self.discriminator(batch.observations["policy"]).square().mean()

    def clip(self):
        torch.nn.utils.clip_grad_norm_(self.discriminator.parameters(), 1.0)
        torch.nn.utils.clip_grad_norm_(list(self.actor.parameters()), max_norm=1.0)
        torch.nn.utils.clip_grad_norm_(parameters=self.critic.parameters(), max_norm=1.0, norm_type=2)


class TwoCritics(OneClip):
    """As multi-critic methods: a value and a return a step for each group of rewards."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.critics = torch.nn.ModuleList([self.critic])
        storage = self.storage
        storage.returns = storage.returns.expand(-1, -1, 2).clone()

    def compute_returns(self, obs):
        storage = self.storage
        both, storage.returns = storage.returns, storage.returns[..., :1].clone()
        super().compute_returns(obs)
        both[:] = storage.returns
        storage.returns = both

    def loss(self, batch):
        batch.returns = batch.returns[..., :1]
        return super().loss(batch)


class ListedBatches(OneClip):
    """Wants the length of what its storage returns."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        generator = self.storage.mini_batch_generator
        self.storage.mini_batch_generator = lambda *given: list(generator(*given))

    def update(self):
        assert len(self.storage.mini_batch_generator(self.num_mini_batches, 1)) == self.num_mini_batches
        return super().update()


class OwnSettings(OneClip):
    """Has none of PPO's settings but those that it reads, and an optimizer of another name."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.clip_param, self.desired_kl, self.schedule
        self.own_optimizer = self.optimizer
        del self.optimizer

    def update(self):
        self.optimizer = self.own_optimizer
        losses = super().update()
        del self.optimizer
        return losses

    def save(self):
        return {"actor_state_dict": self.actor.state_dict()}


class NoReturns(OneClip):
    """Computes its advantages under another name, which its own runner calls."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.storage.returns, self.storage.values
        self.storage.values = self.storage.returns = torch.zeros(0)


def mirrored(env, obs, actions):
    if obs is not None:
        obs = TensorDict({key: torch.cat([one, -one]) for key, one in obs.items()}, batch_size=[2 * obs.shape[0]])
    return obs, None if actions is None else torch.cat([actions, -actions])


RND = {"num_outputs": 2, "predictor_hidden_dims": [8], "target_hidden_dims": [8], "weight": 0.1}
SYMMETRY = {"data_augmentation_func": mirrored, "use_data_augmentation": True, "use_mirror_loss": True}


def make_distillation(folder, teacher):
    """Return a runner that distills the policy in the file `teacher`, which is yet to be loaded."""
    plain = make_runner().cfg
    actor = {**plain["actor"], "class_name": "MLPModel"}
    actor["distribution_cfg"] = {**actor["distribution_cfg"], "class_name": "GaussianDistribution"}
    cfg = {
        **{key: plain[key] for key in ("num_steps_per_env", "save_interval", "logger")},
        "obs_groups": {"student": ["policy"], "teacher": ["policy"]},
        "student": actor,
        "teacher": {**actor, "distribution_cfg": dict(actor["distribution_cfg"])},
        "algorithm": {
            "class_name": "Distillation",
            "rnd_cfg": None,
            "gradient_length": STEPS,
            "max_grad_norm": 1.0,
        },
    }
    return DistillationRunner(PointEnv(), cfg, log_dir=folder, device="cpu")
