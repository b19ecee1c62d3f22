"""Commands that install what is missing: in a clone, outside of it, and for an installed package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trainer_proc.contract.install import install_command, isaaclab_command, isaaclab_folder, package_command

ROOT = Path(__file__).parents[2]


def test_in_the_clone_commands_are_short(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert install_command("mjlab", "export") == "uv sync --extra mjlab --extra export"
    extras = "--extra isaaclab --extra export --no-group embedded"
    assert isaaclab_command() == f"UV_PROJECT_ENVIRONMENT=.venv-isaaclab uv sync --python 3.12 {extras}"
    assert isaaclab_command() in (ROOT / "docs" / "isaaclab.md").read_text()


def test_elsewhere_they_name_the_clone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert install_command("mjlab") == f"uv sync --project {ROOT} --extra mjlab"
    assert isaaclab_command().startswith(
        f"UV_PROJECT_ENVIRONMENT={ROOT}/.venv-isaaclab uv sync --project {ROOT} --python 3.12 "
    )
    assert isaaclab_folder() == ROOT / ".venv-isaaclab"
    assert package_command("zmq", "torch") == f"uv pip install -p {sys.executable} zmq torch"


def test_another_environment_than_the_clone_s_gets_the_program_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert install_command("mjlab", "export") == f"uv pip install -p {sys.executable} -e '{ROOT}[mjlab,export]'"


@pytest.mark.parametrize(
    ("recorded", "source"),
    [
        (None, ""),
        ({"url": "https://example.org/it.whl", "archive_info": {}}, " @ https://example.org/it.whl"),
        (
            {"url": "https://example.org/it.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            " @ git+https://example.org/it.git@abc",
        ),
    ],
    ids=["an index", "a file", "git"],
)
def test_an_installed_package_is_installed_again_from_where_it_came(tmp_path, recorded, source):
    site = tmp_path / "site"
    for package in ("trainer_proc", "curricula", "presets"):
        shutil.copytree(ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    information = site / "humanoid_tui-9.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: humanoid-tui\nVersion: 9.0\n")
    if recorded is not None:
        (information / "direct_url.json").write_text(json.dumps(recorded))
    program = (
        "from trainer_proc.contract import install as i; print(i.install_command('mjlab')); print(i.isaaclab_command())"
    )
    variables = {"PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    mjlab, isaaclab = done.stdout.splitlines()
    assert mjlab == f"uv pip install -p {sys.executable} 'humanoid-tui[mjlab]{source}'"
    place = tmp_path / "data" / "humanoid-tui" / "isaaclab-python"
    install = f"uv pip install -p {place} 'humanoid-tui[isaaclab,export]{source}'"
    assert isaaclab == f"uv venv --python 3.12 {place} && {install}"
