"""The Compose file of `humanoid-tui docker`, read by a library of the Compose specification."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

import compose_spec
import pytest
import yaml

pytestmark = pytest.mark.usefixtures("empty_working_directory")
ROOT = Path(__file__).parents[2]
INSTRUCTIONS = {"ARG", "FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "ENTRYPOINT", "CMD"}


@pytest.fixture
def folder():
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="docker") as folder:
        yield Path(folder)


@pytest.fixture
def written(prints, folder):
    """Write the file with these options and return its content."""

    def written(*options):
        prints("docker", "--write", str(folder), "--force", *options)
        text = (folder / "compose.yaml").read_text()
        compose_spec.PyCompose.from_yaml(text).validate()
        return yaml.safe_load(text)

    return written


def test_the_library_of_the_specification_refuses_what_is_not_in_it():
    with pytest.raises(ValueError, match="gpu_count"):
        compose_spec.PyCompose.from_yaml("services: {training: {image: a, gpu_count: 2}}")


@pytest.mark.parametrize("backend", ["mjlab", "isaaclab"])
@pytest.mark.parametrize("gpus", [0, 1, 4])
def test_a_training_gets_its_gpus_its_user_and_the_shared_folders(written, folder, backend, gpus):
    content = written("--gpus", str(gpus), "--backend", backend)
    training = content["services"]["training"]
    devices = [{"driver": "nvidia", "count": gpus, "capabilities": ["gpu"]}]
    assert training.get("deploy") == ({"resources": {"reservations": {"devices": devices}}} if gpus else None)
    assert (f"--processes {gpus}" in training["command"]) == (gpus > 1)
    assert training["user"] == f"{os.getuid()}:{os.getgid()}"
    sockets = str(folder / "sockets")
    assert training["environment"]["TMPDIR"] == sockets
    binds = {one["source"]: one["target"] for one in training["volumes"] if one["type"] == "bind"}
    assert binds == {sockets: sockets, str(folder / "logs"): "/work/logs/rsl_rl"}
    assert {one["source"] for one in training["volumes"]} - binds.keys() == content["volumes"].keys()
    assert stat.S_IMODE((folder / "sockets").stat().st_mode) == 0o700
    build = training["build"]
    assert Path(build["context"], build["dockerfile"]).is_file()


def test_the_licence_of_isaac_sim_is_for_the_user_to_accept(written):
    environment = written("--backend", "isaaclab")["services"]["training"]["environment"]
    assert environment["ACCEPT_EULA"].startswith("${ACCEPT_EULA:?")
    assert environment["PRIVACY_CONSENT"] == "${PRIVACY_CONSENT:-N}"


def test_without_a_folder_it_is_printed_and_nothing_is_made(prints, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert yaml.safe_load(prints("docker"))["services"]["training"]["image"] == "humanoid-tui"
    assert list(folder.iterdir()) == []


def test_gpus_are_those_of_this_machine_unless_they_are_given(prints, folder):
    assert prints("docker", "--write", str(folder), "--json")["gpus"] == 0


def test_a_dollar_in_a_path_is_no_variable_of_compose(prints, folder, monkeypatch):
    (folder / "a$b").mkdir()
    prints("docker", "--write", str(folder / "a$b"))
    text = (folder / "a$b" / "compose.yaml").read_text()
    assert set(re.findall(r"(?<!\$)\$\w+", text)) == set()
    assert yaml.safe_load(text)["services"]["training"]["environment"]["TMPDIR"] == f"{folder}/a$$b/sockets"


@pytest.mark.parametrize(
    ("code", "options", "line"),
    [
        (1, ["--write", "there"], "there/compose.yaml exists; choose another name, or add --force to replace it"),
        (1, ["--write", "/proc/x"], "[Errno 2] No such file or directory: '/proc/x'"),
        (2, ["--gpus", "many"], "Invalid value for '--gpus': 'many' is not a valid integer range."),
        (2, ["--gpus", "-1"], "Invalid value for '--gpus': -1 is not in the range 0<=x<=64."),
        (2, ["--backend", "isaac"], "Invalid value for '--backend': 'isaac' is not one of 'mjlab', 'isaaclab'."),
        (1, ["--write", "long" * 30], "expected a folder for sockets of less than 80 bytes, got "),
    ],
)
def test_a_wrong_request_is_one_line_and_leaves_what_is_there(fails, folder, monkeypatch, code, options, line):
    monkeypatch.chdir(folder)
    Path("there").mkdir()
    Path("there/compose.yaml").write_text("mine")
    assert fails(code, "docker", *options).startswith(line)
    assert Path("there/compose.yaml").read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == ["there"]


@pytest.mark.parametrize("file", ["Dockerfile", "Dockerfile.isaaclab"])
def test_images_are_pinned_clean_and_run_as_a_user(file):
    """What linters of Dockerfiles demand first; none of them is a package of a registry."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "docker" / file).read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert {line.split()[0] for line in lines} <= INSTRUCTIONS
    (base,) = [line.partition("=")[2] for line in lines if line.startswith("ARG")]
    assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", base)  # a version, not latest
    assert [line for line in lines if line.startswith("USER")][-1] == "USER 1000:1000"
    for run in (line for line in lines if "apt-get install" in line):
        assert "--no-install-recommends" in run
        assert "rm -rf /var/lib/apt/lists/*" in run
    assert not re.search(r"curl[^\n]*\| *(ba)?sh|sudo |ADD http", text)


def test_the_context_of_an_image_holds_what_the_program_needs_and_no_more():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed >= {"curricula", "presets", "trainer_proc", "tui", "pyproject.toml", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in allowed)
