"""The step of an mjlab environment in stages: managers' methods are replaced on the instances, mjlab's order stays.

A step of the G1 launches some 1,100 small kernels from Python. As stages it is about 20 graphs: one for each call that
`ManagerBasedRlEnv.step` makes. Physics is a graph of mjlab's own between them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from mjlab.envs import ManagerBasedRlEnv as ManagerBasedRlEnv
from mjlab.sensor import RayCastSensor

from trainer_proc.contract.errors import one_line
from trainer_proc.fast.mjlab import velocity
from trainer_proc.fast.mjlab.buffers import shift_buffers
from trainer_proc.fast.mjlab.episode_end import end_episodes, run_resets, why_not
from trainer_proc.fast.mjlab.foreign import foreign_part, is_foreign
from trainer_proc.fast.mjlab.interval_events import IntervalEvents
from trainer_proc.fast.mjlab.rays import yaw_rotation
from trainer_proc.fast.mjlab.stage import Engine, Stage
from trainer_proc.fast.mjlab.state import Slot, simulation_slots, slots_of
from trainer_proc.fast.report import FastReport


class FastStep(IntervalEvents):
    """The stages of an environment."""

    def __init__(self, env: Any, report: FastReport) -> None:
        """Replace the methods on the instances of `env`, a `ManagerBasedRlEnv` that has been reset."""
        roots = [
            *env.scene.entities.values(),
            *env.scene.sensors.values(),
            env.event_manager,
            env.command_manager,
            env.action_manager,
            env.observation_manager,
            env.termination_manager,
            env.reward_manager,
            env.metrics_manager,
        ]
        shift_buffers(roots)
        slots = [*slots_of(roots, env.num_envs), *simulation_slots(env.sim), Slot(env, "episode_length_buf", 0)]
        slots.append(Slot(env, "_manual_reset_pending", 0))
        super().__init__(env, Engine(env, torch.device(env.device), slots, report, _stream(env.sim)))
        self._mask = torch.zeros(env.num_envs, dtype=torch.bool, device=env.device)
        self._graphs = env.sim.step_graph
        try:
            self._replace_methods()
        except BaseException:
            self.remove()
            raise

    def _replace_methods(self) -> None:
        self._actions()
        self._scene()
        self._terms()
        self._interval_events()
        self._episode_ends()
        self._commands()
        self._sensing()
        self._observations()
        self._guard_the_rest()

    def _guard_the_rest(self) -> None:
        """Keep tensors in place also where methods run eagerly, such as those of a user's own command."""
        env = self._env
        replaced = {(id(owner), name) for owner, name, *_ in self._replaced}
        for owner, names in (
            (env, ("_reset_idx",)),
            (env.scene, ("write_data_to_sim", "update")),
            (env.action_manager, ("process_action", "apply_action")),
            (env.metrics_manager, ("compute", "compute_substep")),
            (env.event_manager, ("apply",)),
            (env.command_manager, ("compute",)),
            (env.curriculum_manager, ("compute",)),
            (env.observation_manager, ("compute",)),
        ):
            for name in names:
                if (id(owner), name) not in replaced:
                    self._replace(owner, name, partial(self._call, getattr(owner, name)))

    def refresh(self) -> None:
        """Capture again what reads a value that has changed; between iterations, and after a curriculum's terms.

        If the values can't be read, fast mode is given up: a graph may be wrong.
        """
        try:
            self._refresh()
        except Exception as error:  # of a user's objects
            self._give_up(f"values can't be read: {one_line(error)}")

    def _refresh(self) -> None:
        if self._env.sim.step_graph is not self._graphs:  # arrays of the model were replaced
            self._graphs = self._env.sim.step_graph
            for stage in self._stages:
                stage.forget()
        for stage in self._stages:
            stage.refresh()

    def _actions(self) -> None:
        manager = self._env.action_manager
        for name in manager.active_terms:
            if is_foreign(manager.get_term(name)):
                return self._eager("actions", f"{name} is not mjlab's")
        process, received = manager.process_action, torch.zeros_like(manager.action)
        stage = self._stage("actions/process", lambda: process(received), lambda: _terms_of(manager))

        def process_action(action: torch.Tensor) -> None:
            if action.shape != received.shape:
                process(action)  # which raises
            received.copy_(action)
            stage()

        self._replace(manager, "process_action", process_action)
        self._replace(
            manager, "apply_action", self._stage("actions/apply", manager.apply_action, lambda: _terms_of(manager))
        )

    def _scene(self) -> None:
        scene = self._env.scene
        if name := foreign_part(scene):
            return self._eager("scene", f"{name} is not mjlab's")
        self._replace(scene, "write_data_to_sim", self._stage("scene/write", scene.write_data_to_sim))
        update = scene.update
        stage = self._stage("scene/update", lambda: update(dt=self._env.physics_dt), self._times)
        self._replace(scene, "update", lambda dt: stage())

    def _terms(self) -> None:
        env = self._env
        terminations, rewards, metrics = env.termination_manager, env.reward_manager, env.metrics_manager
        self._replace(terminations, "compute", self._managed("terminations", terminations, terminations.compute))
        compute = rewards.compute
        stage = self._managed("rewards", rewards, lambda: compute(dt=env.step_dt))
        self._replace(rewards, "compute", lambda dt: stage())
        if getattr(metrics, "_step_term_indices", None) and not metrics._substep_term_indices:
            self._replace(metrics, "compute", self._managed("metrics", metrics, metrics.compute))

    def _managed(self, name: str, manager: Any, compute: Callable[[], Any]) -> Stage:
        """Return the stage of a manager that has a list of terms; those of others than mjlab may run before it."""
        terms = list(zip(manager._term_names, manager._term_cfgs, strict=True))
        return self._with_foreign(name, terms, compute, lambda: [*manager._term_cfgs, *self._times()])

    def _episode_ends(self) -> None:
        env = self._env
        if reason := why_not(env):
            return self._eager("episode ends", reason)
        slots = self._tried("episode ends", lambda: run_resets(env, self._everyone))
        if slots is None:
            return

        def run() -> None:
            end_episodes(env, self._mask, self._everyone, slots)

        def roots() -> list[Any]:
            commands = env.command_manager
            events = [cfg for cfgs in env.event_manager._mode_term_cfgs.values() for cfg in cfgs]
            return [*events, *(commands.get_term(name).cfg for name in commands.active_terms)]

        stage = self._stage("episode ends", run, roots)
        reset_idx = env._reset_idx

        def reset(env_ids: torch.Tensor | None = None) -> None:
            if env_ids is None or stage.reason:
                self._call(reset_idx, env_ids)
                return
            env.curriculum_manager.compute(env_ids=env_ids)
            env.sim.reset(env_ids)
            if env.curriculum_manager.active_terms:
                env.extras["log"].update(env.curriculum_manager.reset(env_ids))
                self.refresh()
            self._mask.zero_()
            self._mask.index_fill_(0, env_ids, True)
            stage()

        self._replace(env, "_reset_idx", reset)

    def _commands(self) -> None:
        manager = self._env.command_manager
        names = list(manager.active_terms)
        if not names:
            return
        for name in names:
            if reason := velocity.why_not(manager.get_term(name)):
                return self._eager("commands", f"{name}: {reason}")
        compute, terms = manager.compute, [manager.get_term(name) for name in names]

        def run(dt: float | torch.Tensor) -> None:
            for term in terms:
                velocity.compute(term, dt)

        def roots() -> list[Any]:
            return [*(term.cfg for term in terms), *self._times()]

        after_ends = self._env._command_dt
        stages = (
            self._stage("commands", lambda: run(self._env.step_dt), roots),
            self._stage("commands after ends of episodes", lambda: run(after_ends), roots),
        )

        def compute_commands(dt: float | torch.Tensor, env_ids: torch.Tensor | None = None) -> None:
            if env_ids is not None or not (dt is after_ends or dt == self._env.step_dt):
                self._call(compute, dt, env_ids)
            else:
                stages[dt is after_ends]()

        self._replace(manager, "compute", compute_commands)

    def _sensing(self) -> None:
        context = self._env.sim._sensor_context
        if context is not None and not context.has_cameras:
            for sensor in context.raycast_sensors:
                if isinstance(sensor, RayCastSensor):
                    self._replace(sensor, "_extract_yaw_rotation", yaw_rotation)
            self._replace(context, "prepare", self._stage("sensors/prepare", context.prepare))
            self._replace(context, "finalize", self._stage("sensors/finalize", context.finalize))

    def _observations(self) -> None:
        manager = self._env.observation_manager
        for name, group in manager.cfg.items():
            if group.nan_policy != "disabled":
                return self._eager("observations", f"{name} is checked for NaN on the host")
        compute = manager.compute

        def keep(result: Any) -> None:
            manager._obs_buffer = result

        terms = [
            (f"{group}/{name}", cfg)
            for group, cfgs in manager._group_obs_term_cfgs.items()
            for name, cfg in zip(manager.active_terms[group], cfgs, strict=True)
        ]
        models = [model for models in manager._group_obs_class_instances.values() for model in models.values()]
        if any(is_foreign(model) for model in models):
            return self._eager("observations", "a model of noise is not mjlab's")
        stage = self._with_foreign(
            "observations",
            terms,
            lambda: compute(update_history=True),
            lambda: [manager._group_obs_term_cfgs, *models],
            keep,
        )

        def compute_observations(update_history: bool = False, env_ids: torch.Tensor | None = None) -> Any:
            if update_history and env_ids is None:
                return stage()
            return self._call(compute, update_history, env_ids)

        self._replace(manager, "compute", compute_observations)


def _terms_of(manager: Any) -> list[Any]:
    return [manager.get_term(name) for name in manager.active_terms]


def _stream(simulation: Any) -> Any:
    """Return the stream of Warp, on which `TorchArray` writes; None on a CPU."""
    if torch.device(simulation.device).type != "cuda":
        return None
    import warp as wp

    stream = wp.get_stream(simulation.wp_device).cuda_stream
    return torch.cuda.ExternalStream(stream)  # type: ignore[no-untyped-call]
