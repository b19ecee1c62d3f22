"""Which Python trains a backend: real interpreters, with empty modules for what is only looked for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.waiting import wait_for
from trainer_proc.contract.asset_root import AssetManifest, write_manifest
from tui.session.backends.assets import offline_root
from tui.session.backends.devices import Device
from tui.session.backends.environment import BackendMissing, LaunchError, backend_command, isaaclab_python
from tui.session.backends.isaaclab_python import EXPORT_MODULES, TRAINER_MODULES
from tui.session.backends.light_core import light_core
from tui.session.experiments.launchers.every import launch
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.runs.run_index import read_state
from tui.session.settings.config import BackendConfig, Backends, UserConfig, config_file

CARTPOLE = load_preset("cartpole")
EVERYTHING = (*TRAINER_MODULES, *EXPORT_MODULES)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Where the light core goes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("ISAACSIM_ASSET_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.fixture
def make_python(tmp_path):
    """Make a bare virtual environment that has these modules; return its interpreter."""

    def make(*modules):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "isaac"], check=True)
        for module in modules:
            (site_packages(tmp_path / "isaac") / module).mkdir()
        return str(tmp_path / "isaac" / "bin" / "python")

    return make


@pytest.fixture
def make_command(tmp_path):
    """Write a shell script; return its path."""

    def make(*lines):
        script = tmp_path / "isaaclab.sh"
        script.write_text("\n".join(("#!/bin/sh", *lines, "")))
        script.chmod(0o755)
        return str(script)

    return make


def site_packages(environment):
    return Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))


def configured(text):
    return UserConfig(backends=Backends(BackendConfig(text)))


def problem_of(text, timeout_seconds=30.0):
    with pytest.raises(LaunchError) as error:
        backend_command("isaaclab", configured(text), timeout_seconds)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def found_there(command, variables, *modules):
    """The modules of these that the interpreter can import."""
    program = f"import importlib.util as u; print(*[m for m in {modules} if u.find_spec(m)])"
    done = subprocess.run(
        [*command, "-c", program], env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_mjlab_trains_in_the_dashboard_s_own_python():
    assert backend_command("mjlab", configured("/opt/python")) == ([sys.executable], {})


def test_an_unknown_backend_is_told_with_those_there_are():
    with pytest.raises(LaunchError, match=r"^no such backend: gazebo; there are mjlab, isaaclab$"):
        backend_command("gazebo")


def test_an_isaac_lab_that_is_nowhere_is_told_with_both_ways_to_have_one(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendMissing) as error:
        backend_command("isaaclab")
    clone = Path(__file__).parents[2]
    sync = f"uv sync --project {clone} --python 3.12 --extra isaaclab --extra export --no-group embedded"
    line = f'backends.isaaclab.python = "{clone}/.venv-isaaclab/bin/python"'
    assert str(error.value) == (
        f"backend isaaclab is not installed: UV_PROJECT_ENVIRONMENT={clone}/.venv-isaaclab {sync}, "
        f"then write {line} in {config_file()}; or write the Python of your own Isaac Lab there"
    )


def test_an_isaac_lab_beside_the_dashboard_is_used_if_none_is_configured(monkeypatch, make_python):
    monkeypatch.setattr(sys, "executable", make_python(*EVERYTHING))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setenv("PYTHONPATH", str(light_core()))
    assert backend_command("isaaclab") == ([sys.executable], {})


def test_a_configured_python_gets_the_light_core_and_nothing_else_of_ours(make_python, monkeypatch, tmp_path):
    (tmp_path / "theirs" / "my_tasks").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "theirs"))
    python = make_python(*EVERYTHING)
    config_file().parent.mkdir(parents=True)
    config_file().write_text(f'[backends.isaaclab]\npython = "{python}"\n')
    command, variables = backend_command("isaaclab")
    assert command == [python]
    core, theirs = variables["PYTHONPATH"].split(os.pathsep)
    assert sorted(path.name for path in Path(core).iterdir()) == ["curricula", "presets", "trainer_proc"]
    assert theirs == str(tmp_path / "theirs")
    ours = ("trainer_proc", "curricula", "presets", "trainer_proc.wire")
    assert found_there(command, variables, *ours, "my_tasks", "tui", "textual", "click") == [*ours, "my_tasks"]


def test_a_path_may_have_a_tilde_and_spaces(make_python, monkeypatch, tmp_path):
    python = make_python(*EVERYTHING)
    (tmp_path / "isaac lab").symlink_to(tmp_path / "isaac")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert backend_command("isaaclab", configured("~/isaac/bin/python"))[0] == [python]
    assert backend_command("isaaclab", configured("~/isaac lab/bin/python"))[0] == [f"{tmp_path}/isaac lab/bin/python"]


def test_a_command_may_take_options_and_talk_before_python_does(make_command, make_python):
    lines = ("echo '[INFO] Using python from: somewhere'", "shift", f'{make_python(*EVERYTHING)} "$@"')
    script = make_command(*lines)
    assert backend_command("isaaclab", configured(f"{script} -p"))[0] == [script, "-p"]


def test_the_dashboard_s_own_environment_is_not_active_there(make_python, monkeypatch):
    own = str(Path(sys.executable).parent)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.setenv("PATH", os.pathsep.join((own, "/opt/tools", "/usr/bin")))
    python = make_python(*EVERYTHING)
    variables = backend_command("isaaclab", configured(python))[1]
    assert (variables["VIRTUAL_ENV"], variables["PATH"]) == ("", f"/opt/tools{os.pathsep}/usr/bin")
    monkeypatch.setenv("VIRTUAL_ENV", "/opt/isaac")
    assert "VIRTUAL_ENV" not in backend_command("isaaclab", configured(python))[1]


def test_assets_that_were_built_here_are_used_unless_the_user_says_where(make_python, monkeypatch):
    python = make_python(*EVERYTHING)
    offline_root().mkdir(parents=True)
    write_manifest(offline_root(), AssetManifest(()))
    assert backend_command("isaaclab", configured(python))[1]["ISAACSIM_ASSET_ROOT"] == str(offline_root())
    assert isaaclab_python(configured(python)).found.asset_root == str(offline_root())
    monkeypatch.setenv("ISAACSIM_ASSET_ROOT", "/mnt/assets/")
    assert "ISAACSIM_ASSET_ROOT" not in backend_command("isaaclab", configured(python))[1]
    assert isaaclab_python(configured(python)).found.asset_root == "/mnt/assets"


def test_isaac_lab_s_own_asset_root_is_read_where_it_is_written(make_python, tmp_path):
    python = make_python(*EVERYTHING)
    written = 'persistent.isaac.asset_root.cloud = "https://old"\npersistent.isaac.asset_root.default = "https://new"\n'
    kit = site_packages(tmp_path / "isaac") / "isaaclab" / "apps" / "isaaclab.python.kit"
    kit.parent.mkdir()
    kit.write_text(written)
    assert isaaclab_python(configured(python)).found.asset_root == "https://new"
    kit.write_text(written.partition("\n")[0])
    assert isaaclab_python(configured(python)).found.asset_root == "https://old"


def test_isaac_sim_tells_its_version_where_it_is_a_package_or_a_folder(make_python, monkeypatch, tmp_path):
    python = make_python(*EVERYTHING, "isaacsim")
    assert isaaclab_python(configured(python)).found.isaac_sim == "unknown"
    monkeypatch.setenv("ISAAC_PATH", str(tmp_path))
    (tmp_path / "VERSION").write_text("5.1.0-rc.19\n")
    assert isaaclab_python(configured(python)).found.isaac_sim == "5.1.0-rc.19"
    metadata = site_packages(tmp_path / "isaac") / "isaacsim-6.2.0.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: isaacsim\nVersion: 6.2.0\n")
    assert isaaclab_python(configured(python)).found.isaac_sim == "6.2.0"


@pytest.mark.parametrize("has_pip", [True, False])
def test_what_is_missing_is_told_with_the_command_that_installs_it_there(make_python, has_pip):
    there = {*EVERYTHING, *(["pip"] if has_pip else [])} - {"msgspec", "zmq", "onnx"}  # which only an export needs
    python = make_python(*there)
    install = f"{python} -m pip install" if has_pip else f"uv pip install -p {python}"
    assert problem_of(python) == f"{python} lacks msgspec, zmq: {install} msgspec==0.22.0 pyzmq==27.3.0"


def test_an_isaac_lab_that_is_half_there_is_for_its_own_installer(make_python):
    python = make_python(*{*EVERYTHING} - {"isaaclab_tasks"})
    assert problem_of(python) == f"{python} lacks isaaclab_tasks: run isaaclab.sh --install of that Isaac Lab"


def test_a_bare_python_of_another_version_is_told_which_one_isaac_lab_needs(make_command, make_python):
    python = make_python()
    answer = make_command(f'{python} "$@" | sed "s/{sys.version_info[0]}[.]{sys.version_info[1]}[.]/3.13./"')
    assert "is Python 3.13." in problem_of(answer)
    assert problem_of(answer).endswith("without Isaac Lab, which needs Python 3.12")


def test_a_python_and_an_rsl_rl_that_are_too_old_are_told(make_command, make_python, tmp_path):
    python = make_python(*EVERYTHING)
    older = make_command(f'{python} "$@" | sed "s/{sys.version_info[0]}[.]{sys.version_info[1]}[.]/3.10./"')
    assert "is Python 3.10." in problem_of(older)
    assert problem_of(older).endswith("the trainer needs 3.11 or newer")
    metadata = site_packages(tmp_path / "isaac") / "rsl_rl_lib-3.1.2.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: rsl-rl-lib\nVersion: 3.1.2\n")
    assert problem_of(python) == f"{python} has rsl-rl-lib 3.1.2: the trainer needs 5.4 or newer, as in Isaac Lab 3"


def test_what_runs_no_python_is_told(make_command, tmp_path):
    where = f"[backends.isaaclab] python in {config_file()}:"
    assert problem_of("/nowhere/python") == f"{where} /nowhere/python does not exist"
    assert problem_of(str(tmp_path)) == f"{where} {tmp_path} can't be run: permission denied"
    assert problem_of("python 'unclosed") == f"{where} python 'unclosed is not a command: no closing quotation"
    script = make_command("echo first >&2", "echo 'no such option: -m' >&2", "exit 2")
    assert problem_of(script) == f"{where} {script} is not a working Python: it printed no such option: -m"
    assert problem_of(make_command("exit 0")) == f"{where} {script} is not a working Python: it printed nothing"


def test_what_hangs_is_told_and_ended_with_all_that_it_started(make_command, tmp_path):
    started = tmp_path / "child"
    started.write_text("")
    script = make_command("sleep 1000 &", f"echo $! > {started}", "wait")
    seconds = 0.25
    while not started.read_text():  # a busy machine may have no time for the script before its time is over
        seconds *= 2
        assert problem_of(script, timeout_seconds=seconds).endswith(f"{script} did not answer in {seconds:g} s")
    child = int(started.read_text())

    def has_ended():
        state = Path(f"/proc/{child}/stat")
        return not state.exists() or state.read_text().split()[2] == "Z"

    wait_for(has_ended, "the end of what hung")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[backends.isaaclab]\npyton = '/opt/python'\n", "backends.isaaclab.pyton: no such key; nearest: python"),
        ("[backends.gazebo]\npython = 'x'\n", "backends.gazebo: no such key; there are isaaclab"),
        ("backends.isaaclab.python = 3\n", "backends.isaaclab.python: expected a text in quotes"),
        ("[backends\n", "can't be read"),
    ],
)
def test_settings_that_can_not_be_read_are_told(text, reason):
    config_file().parent.mkdir(parents=True)
    config_file().write_text(text)
    with pytest.raises(LaunchError) as error:
        backend_command("isaaclab")
    assert reason in str(error.value)
    assert str(error.value).startswith(f"{config_file()} can't be read: ")
    assert len(str(error.value).splitlines()) == 1


def test_the_light_core_is_copied_where_there_are_no_links_and_kept_up_to_date(monkeypatch, cache):
    def refuse(*_, **__):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    core = light_core()
    assert core.is_relative_to(cache)
    (core / "presets" / "cartpole.toml").write_text("stale")
    assert light_core() == core
    assert (core / "presets" / "cartpole.toml").read_text() == Path(CARTPOLE.path).read_text()
    assert not any(path.is_symlink() for path in core.iterdir())


def test_a_cache_that_can_not_be_written_is_told(cache, make_python):
    cache.write_text("in the way")
    assert problem_of(make_python()).startswith("the trainer's modules can't be cached: ")


def test_a_training_with_its_wire_process_runs_in_the_configured_python(make_python, tmp_path):
    there = {"isaaclab", "isaaclab_rl", "isaaclab_tasks"}
    python = make_python(*there)
    theirs = site_packages(tmp_path / "isaac")
    # our packages, as if they had been installed there, but not this program, which a .pth file makes importable here
    (theirs / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    config_file().parent.mkdir(parents=True)
    config_file().write_text(f'backends.isaaclab.python = "{python}"\n')
    spec = make_spec(CARTPOLE, Overrides(), [Device("cpu", "CPU", 8.0, 16.0)])
    folder = launch(replace(spec, backend="isaaclab"), tmp_path / "logs")
    state = wait_for(
        lambda: (state := read_state(folder)).phase and state.phase.phase == "failed" and state, "the end of the run"
    )
    assert state.started.backend == "isaaclab"
    assert state.phase.detail  # modules with nothing in them train nothing, and the wire says so
