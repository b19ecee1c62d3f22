"""Carries the messages over DDS, as Unitree's SDK does: topics `rt/lowcmd` and `rt/lowstate` of domain 0.

Only names and shapes of the types are Cyclone DDS's business: the bytes are `messages`'.
"""

from __future__ import annotations

from typing import Any

from curricula.errors import UserError
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.install import install_command

COMMANDS, STATES = "rt/lowcmd", "rt/lowstate"
_MOST_WAITING = 64
"""States that are taken at once; only the newest counts."""
_CONFIGURATION = """<CycloneDDS><Domain Id="any"><General><Interfaces>
<NetworkInterface name="{interface}" priority="default" multicast="default"/>
</Interfaces></General></Domain></CycloneDDS>"""


class DdsMissing(UserError):
    """Cyclone DDS is not installed, or can't use the network interface."""


class DdsChannel:
    """A `Channel` on one network interface."""

    def __init__(self, interface: str, domain: int = 0, *, sends: str = COMMANDS, receives: str = STATES) -> None:
        """Join the domain. A simulated robot swaps the topics. Raises `DdsMissing`."""
        try:
            from cyclonedds.domain import Domain, DomainParticipant
            from cyclonedds.pub import DataWriter
            from cyclonedds.sub import DataReader
            from cyclonedds.topic import Topic

            from trainer_proc.deploy.unitree.dds_types import LowCmd, LowState
        except ImportError as error:
            install = install_command("deploy", "unitree")
            raise DdsMissing(f"a Unitree robot needs package cyclonedds ({one_line(error)}): {install}") from error
        types = {COMMANDS: LowCmd, STATES: LowState}
        try:
            self._domain: Any = Domain(domain, _CONFIGURATION.format(interface=interface))
            self._participant: Any = DomainParticipant(domain)
            self._sample = types[sends]
            self._writer: Any = DataWriter(self._participant, Topic(self._participant, sends, types[sends]))
            self._reader: Any = DataReader(self._participant, Topic(self._participant, receives, types[receives]))
        except Exception as error:  # DDSException, and others of the binding
            remedy = "name the interface that is connected to the robot, see `ip link`"
            raise DdsMissing(f"network interface {interface} can't be used ({one_line(error)}): {remedy}") from error

    def send(self, data: bytes) -> None:
        self._writer.write(self._sample.of(data))

    def receive(self) -> bytes | None:
        samples = self._reader.take(N=_MOST_WAITING)
        newest = next((one for one in reversed(samples) if isinstance(getattr(one, "data", None), bytes)), None)
        return None if newest is None else newest.data

    def close(self) -> None:
        self._reader = self._writer = self._participant = self._domain = None
