"""Where Isaac Lab finds its assets, and the manifest of an asset folder built by this program."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from trainer_proc.contract.json_content import decode_json

ASSET_ROOT_VARIABLE = "ISAACSIM_ASSET_ROOT"
"""Variable with Isaac Lab's asset folder, read at import (`isaaclab.utils.assets._resolve_asset_root`)."""
MANIFEST = "humanoid-tui-assets.json"
"""File that marks a folder as built by this program."""
VERSION = 1
"""Version of the built content; a folder of another version is rebuilt."""

_SERVER_TIMEOUT = 4.0
"""Seconds."""
_silent_servers: set[str] = set()


class Asset(msgspec.Struct, frozen=True):
    """One asset file."""

    path: str
    """Path below the asset root."""
    what: str
    """Short description."""
    stands_in_for: str = ""
    """Path of Isaac Lab's file that it may replace; empty for none."""


class AssetManifest(msgspec.Struct, frozen=True):
    """The content of an asset folder."""

    assets: tuple[Asset, ...]
    missing: tuple[str, ...] = ()
    """One line for each asset that could not be built."""
    version: int = VERSION

    def stand_in(self, path: str) -> Asset | None:
        """Return the asset that replaces Isaac Lab's file `path`, None for none."""
        return next((asset for asset in self.assets if asset.stands_in_for == path), None)


def read_manifest(root: Path) -> AssetManifest | None:
    """Return the manifest of `root`; None if this program has not built it or a file is missing."""
    try:
        manifest = decode_json((root / MANIFEST).read_bytes(), AssetManifest)
    except (OSError, msgspec.DecodeError):
        return None
    whole = manifest.version == VERSION and all((root / asset.path).is_file() for asset in manifest.assets)
    return manifest if whole else None


def write_manifest(root: Path, manifest: AssetManifest) -> None:
    (root / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def asset_exists(file: str) -> bool:
    """Return whether an asset exists: as a path, as a URL that Isaac Lab has downloaded before, or on its server.

    Waits at most 4 s for a silent server, and not again for the same one. Any other kind of URL counts as existing.
    """
    url = urlsplit(file)
    if url.scheme in ("http", "https"):
        # where `isaaclab.utils.assets.retrieve_file_path` keeps what it has fetched
        fetched = Path(tempfile.gettempdir(), url.scheme, url.netloc.replace(":", "_"), url.path.lstrip("/"))
        return fetched.is_file() or _server_has(file, url.netloc)
    return len(url.scheme) > 1 or Path(file).exists()  # one letter is a Windows drive


def _server_has(url: str, server: str) -> bool:
    answer = None if server in _silent_servers else ask_server(url, _SERVER_TIMEOUT)
    if answer is None:
        _silent_servers.add(server)
    return answer is True


def ask_server(url: str, timeout_seconds: float) -> bool | None:
    """Return whether a server has `url`; None if it doesn't answer in time. Uses a thread, as DNS has no timeout."""
    import urllib.error  # slow to import: loads TLS and e-mail
    import urllib.request

    answers: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=timeout_seconds):
                answers.append(True)
        except urllib.error.HTTPError:
            answers.append(False)
        except (OSError, ValueError):
            pass  # no answer

    thread = threading.Thread(target=ask, daemon=True, name="asset server")
    thread.start()
    thread.join(timeout_seconds)
    return answers[0] if answers else None
