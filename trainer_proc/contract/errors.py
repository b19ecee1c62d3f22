"""Errors shown to the user."""

from __future__ import annotations

from curricula.errors import UserError, message_of
from trainer_proc.contract.messages import PROTOCOL


class TrainingError(UserError):
    """The training can't start or continue; the message is one line that says what to do."""


class LaunchRefused(TrainingError):
    """The launch can't be carried out as asked, which was found before anything was built."""


class JournalUnreadable(UserError):
    """A journal can't be read; the message names the file or the version, and what to do."""


class JournalDamaged(JournalUnreadable):
    """The journal's bytes are no frames; the message names the file and the offset."""


class ProtocolTooNew(JournalUnreadable):
    """The run was recorded by a newer major version of this program."""

    def __init__(self, protocol: object, where: str = "") -> None:
        self.protocol = protocol
        expected = f"expected protocol {PROTOCOL} or older, got {protocol}"
        super().__init__(f"{where and f'{where}: '}{expected}: recorded by a newer version", hint="update humanoid-tui")


def one_line(error: BaseException) -> str:
    """Return `error` in one line of at most about 300 characters; a foreign error with its type."""
    if isinstance(error, UserError):
        return str(error)
    text = f"{type(error).__name__}: {message_of(error)}".rstrip()
    return text if len(text) <= 300 else f"{text[:300]}…"
