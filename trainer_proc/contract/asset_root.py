"""Where Isaac Lab finds its assets, and what a folder of them that was built here says it holds."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

ASSET_ROOT_VARIABLE = "ISAACSIM_ASSET_ROOT"
"""Where Isaac Lab looks for assets; it reads this when it is imported (`isaaclab.utils.assets._resolve_asset_root`)."""
MANIFEST = "humanoid-tui-assets.json"
"""Only a folder with this file was built by this program."""
VERSION = 1
"""Of what is built: a folder of another version is built again."""

_PATIENCE = 4.0
"""Seconds that a server has to answer."""
_silent_servers: set[str] = set()


class Asset(msgspec.Struct, frozen=True):
    """A file, `path` below the root; `stands_in_for` is the path of Isaac Lab's file that it may replace, if any."""

    path: str
    what: str
    stands_in_for: str = ""


class AssetManifest(msgspec.Struct, frozen=True):
    """What was built: the files, and a line for each that could not be."""

    assets: tuple[Asset, ...]
    missing: tuple[str, ...] = ()
    version: int = VERSION

    def stand_in(self, path: str) -> Asset | None:
        """Return what replaces Isaac Lab's file `path`, if anything does."""
        return next((asset for asset in self.assets if asset.stands_in_for == path), None)


def read_manifest(root: Path) -> AssetManifest | None:
    """Return what `root` holds; None if this program has not built it, or not all that it says is there."""
    try:
        manifest = msgspec.json.decode((root / MANIFEST).read_bytes(), type=AssetManifest)
    except (OSError, msgspec.DecodeError):
        return None
    whole = manifest.version == VERSION and all((root / asset.path).is_file() for asset in manifest.assets)
    return manifest if whole else None


def write_manifest(root: Path, manifest: AssetManifest) -> None:
    """Write what `root` holds."""
    (root / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def asset_exists(file: str) -> bool:
    """Tell whether an asset can be had: a path, or a URL that Isaac Lab has fetched before or whose server has it.

    Takes 4 s at most for a server that doesn't answer, and no time when it is asked again. What is neither a path nor
    HTTP can't be asked, and counts as there.
    """
    url = urlsplit(file)
    if url.scheme in ("http", "https"):
        # where `isaaclab.utils.assets.retrieve_file_path` keeps what it has fetched
        fetched = Path(tempfile.gettempdir(), url.scheme, url.netloc.replace(":", "_"), url.path.lstrip("/"))
        return fetched.is_file() or _server_has(file, url.netloc)
    return len(url.scheme) > 1 or Path(file).exists()  # one letter is a drive


def _server_has(url: str, server: str) -> bool:
    answer = None if server in _silent_servers else ask_server(url, _PATIENCE)
    if answer is None:
        _silent_servers.add(server)
    return answer is True


def ask_server(url: str, timeout_seconds: float) -> bool | None:
    """Tell whether a server has `url`; None if it doesn't answer in time. Asks in a thread: DNS heeds no timeout."""
    import urllib.error  # TLS and e-mail come with it: not for every start of the program
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
