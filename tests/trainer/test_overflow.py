"""Contacts and constraints that the simulation loses are counted, and the guard names the setting to change."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainer_proc.steering.guards import Guards


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BufferOverflow, Kernels, MjlabSimulator, Simulation, SimulationCfg, mujoco, torch
    import mujoco
    import torch
    from mjlab.sim.sim import Simulation, SimulationCfg

    from tests.trainer.kernels import Kernels
    from trainer_proc.metrics.overflow import BufferOverflow
    from trainer_proc.simulators.mjlab.simulator import MjlabSimulator


BOX = """
<mujoco>
  <worldbody>
    <geom type="plane" size="1 1 1"/>
    <body pos="0 0 0.105"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
  </worldbody>
</mujoco>
"""
"""A box just above the floor: four contacts, and sixteen constraints of their friction pyramids, once it has fallen."""
ENVIRONMENTS, FALLEN = 3, 40


class Boxes:
    """Boxes with room for so many constraints and contacts, each in an environment; observed after every step."""

    def __init__(self, **room):
        model = mujoco.MjModel.from_xml_string(BOX)
        self.sim = Simulation(ENVIRONMENTS, SimulationCfg(**room), model, "cpu")
        simulator = MjlabSimulator(SimpleNamespace(sim=self.sim))
        self.overflow = BufferOverflow(simulator.buffers())
        simulator.before_reset(self.overflow.keep_bits)

    def iterate(self, steps, reset=None):
        for _ in range(steps):
            self.sim.step()
            self.overflow.step()
        if reset is not None:
            self.sim.reset(torch.tensor(reset))
        self.overflow.finish()
        return self.overflow.collect()


@pytest.fixture(scope="module")
def boxes():
    return Boxes(njmax=8, nconmax=20)


def test_a_simulation_with_room_loses_nothing():
    boxes = Boxes(njmax=64, nconmax=20)
    metrics = boxes.iterate(FALLEN)
    assert metrics == {"Simulation/overflow": 0.0, "Simulation/constraints": 16.0, "Simulation/contacts": 4.0}
    assert boxes.overflow.problem == ""


def test_lost_constraints_are_counted_with_what_is_needed(boxes):
    boxes.sim.reset()
    metrics = boxes.iterate(FALLEN)
    assert (metrics["Simulation/overflow"], metrics["Simulation/constraints"]) == (1.0, 16.0)
    assert boxes.overflow.problem == "100 % of the environments lost constraints: set env.sim.njmax=24 (now 8)"


def test_each_iteration_is_counted_for_itself(boxes):
    boxes.sim.reset()
    assert boxes.iterate(FALLEN)["Simulation/overflow"] == 1.0
    assert boxes.iterate(0)["Simulation/overflow"] == 0.0
    assert boxes.iterate(1)["Simulation/overflow"] == 1.0  # they still lie on the floor
    boxes.sim.reset()
    assert boxes.iterate(1)["Simulation/overflow"] == 0.0
    assert boxes.overflow.problem == ""


def test_an_episode_that_ends_by_a_fall_is_counted_although_its_reset_clears_the_bits(boxes):
    boxes.sim.reset()
    for _ in range(FALLEN):
        boxes.sim.step()  # within one step of the environment
    metrics = boxes.iterate(0, reset=[0, 1])
    assert metrics["Simulation/overflow"] == 1.0
    boxes.sim.reset(torch.tensor([2]))
    assert boxes.iterate(1)["Simulation/overflow"] == 0.0


def test_an_iteration_costs_few_kernels(boxes):
    boxes.sim.step()
    with Kernels() as kernels:
        for _ in range(24):
            boxes.overflow.step()
    assert len(kernels.names) <= 2 * 3, kernels.names
    with Kernels() as kernels:
        boxes.overflow.finish()
    assert len(kernels.names) <= 12, kernels.names


def test_lost_contacts_name_their_own_setting():
    boxes = Boxes(njmax=64, nconmax=2)
    metrics = boxes.iterate(FALLEN)
    assert (metrics["Simulation/overflow"], metrics["Simulation/contacts"]) == (1.0, 4.0)
    assert boxes.overflow.problem == "100 % of the environments lost contacts: set env.sim.nconmax=8 (now 2)"


def test_the_guard_reports_the_problem_above_its_share():
    guards = Guards()
    guards.overflow.problem = lambda: "lost"
    assert guards.check({"Simulation/overflow": 0.0}) == []
    (found,) = guards.check({"Simulation/overflow": 0.001})
    assert (found.guard, found.message, found.action) == ("overflow", "lost", "warn")

    guards = Guards()
    guards.overflow.problem = lambda: "lost"
    knobs = {knob.name: knob for knob in guards.knobs()}
    knobs["guard/overflow/share"].write(5.0)
    assert guards.check({"Simulation/overflow": 0.05}) == []
    assert [found.guard for found in guards.check({"Simulation/overflow": 0.051})] == ["overflow"]
