"""Idempotency keys: a launch that is repeated with the same key starts nothing again, even by another server.

Each key is a file in the user's state folder, which exists before the training does.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import platformdirs

from curricula.regular_files import read_file
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import write_atomically
from tui.http.refusals import Invalid, Refusal

LONGEST_KEY = 200
"""Characters."""
_DAY = 86400.0
"""Seconds for which a key is remembered."""
_LARGEST = 4096
"""Bytes of a key's file."""


class _Known(msgspec.Struct, frozen=True):
    request: str
    """Hash of the body."""
    job_id: str = ""
    """Empty until the training is started."""


class Keys:
    """The keys of a log folder; used under a lock."""

    def __init__(self, log_root: Path) -> None:
        self._folder = platformdirs.user_state_path("humanoid-tui") / "serve-keys" / _hash(str(log_root.resolve()))

    def begin(self, key: str, body: bytes) -> str:
        """Claim `key`; return the job that it has started before, empty for a new key.

        Raises `Invalid` for another request with the same key, `Refusal` if its start is not known to be over, or
        `OSError`.
        """
        if not 1 <= len(key) <= LONGEST_KEY:
            raise Invalid(f"expected an Idempotency-Key of 1 to {LONGEST_KEY} characters, got {len(key)}")
        self._forget_old()
        self._folder.mkdir(parents=True, exist_ok=True)
        claim = _Known(hashlib.sha256(body).hexdigest())
        path = self._path(key)
        try:
            with open(path, "xb") as file:
                file.write(msgspec.json.encode(claim))
        except FileExistsError:
            known = _read(path)
            if known.request != claim.request:
                raise Invalid("this Idempotency-Key belongs to another request: use a new one") from None
            if not known.job_id:
                raise Refusal(
                    "a start with this Idempotency-Key is under way, or was cut off: look at the list of jobs"
                ) from None
            return known.job_id
        return ""

    def finish(self, key: str, body: bytes, job_id: str) -> None:
        """Note which job a key has started. Raises `OSError`."""
        known = _Known(hashlib.sha256(body).hexdigest(), job_id)
        write_atomically(self._path(key), msgspec.json.encode(known), mode=0o600)

    def forget(self, key: str) -> None:
        """Release a key whose launch was refused."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / _hash(key)

    def _forget_old(self) -> None:
        with suppress(OSError):
            for path in self._folder.iterdir():
                if time.time() - path.stat().st_mtime > _DAY:
                    path.unlink()


def _read(path: Path) -> _Known:
    try:
        return decode_json(read_file(path, _LARGEST), _Known)
    except msgspec.DecodeError:  # cut off while it was written
        return _Known("")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
