"""Whether vectors of an observation have the axes in which a controller measures them."""

from __future__ import annotations

from xml.etree import ElementTree

from trainer_proc.contract.bundle.card import ROBOT_MODEL, PolicyCard
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.model_file import check_model
from trainer_proc.deploy.robot import VECTORS

_ROTATIONS = ("quat", "axisangle", "euler", "xyaxes", "zaxis", "class")
"""Attributes that may turn a site against its body."""


def check_frames(card: PolicyCard, robot_model: bytes | None, body: str) -> None:
    """Refuse a term whose vector has other axes than `body`, by the robot's MuJoCo model if it is a site's."""
    for term in card.observation_terms:
        if term.quantity not in VECTORS or term.frame in ("", body):
            continue
        field = f"observation_terms.{term.name}.frame"
        if robot_model is None:
            raise refused(field, f"{body}, or {ROBOT_MODEL} that shows its axes", term.frame, EXPORT_AGAIN)
        if term.frame not in _parallel_sites(robot_model, body):
            raise refused(field, f"the axes of {body}", term.frame, "train with the frame of the robot's sensor")


def parsed(robot_model: bytes) -> ElementTree.Element:
    """Return the root of a MuJoCo model. Raises `BundleRefused`."""
    return check_model(ROBOT_MODEL, robot_model)


def _parallel_sites(robot_model: bytes, body: str) -> set[str | None]:
    """Return the names of the sites that are fixed to a body and not turned against it."""
    bodies = [one for one in parsed(robot_model).iter("body") if one.get("name") == body]
    sites = [site for one in bodies for site in one.findall("site")]
    return {site.get("name") for site in sites if not any(site.get(name) for name in _ROTATIONS)}
