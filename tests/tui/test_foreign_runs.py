"""A run's folder is data: it starts no code, writes nowhere else and leads to no address unless the user says so."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event

import msgspec
import pytest
import tomli_w
from msgspec.structs import replace

from tests.sockets import private_address
from tests.tui.conftest import Exited
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.codec import encode
from trainer_proc.contract.connection import foreign_address, make_sockets_folder, read_connection, write_connection
from trainer_proc.contract.evaluation import Request
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.requests import Pause
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.cli import run
from tui.session.backends.environment import LaunchError
from tui.session.backends.named_code import CodeNotAllowed, allow_place, allowed_file, check_code
from tui.session.evaluations.run import evaluate
from tui.session.trainer_request import TrainerUnreachable, ask

pytestmark = pytest.mark.usefixtures("empty_working_directory")
NAME = "2026-03-01_12-00-00"
MODULE = "print('this is the stranger')\n"
SPEC = RunSpec(
    preset="mine", backend="mjlab", task="T", experiment="e", device="cpu", num_envs=4, iterations=100, seed=42
)


@pytest.fixture
def foreign(tmp_path):
    """Make a run that somebody else has packed, with its code beside it."""

    def make(**changes):
        folder = RunFolder(tmp_path / "logs" / "e" / NAME)
        code = tmp_path / "unpacked"
        for each in (folder.path, code):
            each.mkdir(parents=True, exist_ok=True)
        (code / "my_tasks.py").write_text(MODULE)
        folder.write_spec(replace(SPEC, module_folder=str(code), **changes))
        folder.checkpoint(50).write_bytes(WHOLE_CHECKPOINT)
        folder.journal.unlink(missing_ok=True)
        writer = JournalWriter(folder.journal)
        fields = {name: getattr(SPEC, name) for name in ("preset", "backend", "task", "device", "num_envs", "seed")}
        began = RunStarted(run=NAME, iterations=100, pid=1, **fields)
        for number, body in enumerate((began, MetricSet(0, ()), IterationFinished(60, 0, b"", 96, 1.0))):
            writer.append(encode(Frame(number, 0.0, body)))
        writer.close()
        return folder

    return make


@pytest.fixture
def trainers(monkeypatch):
    """The runs whose trainer was started; each has begun to train."""
    started = []

    def start_python(*arguments, **options):
        folder = RunFolder(Path(arguments[-1]))
        writer = JournalWriter(folder.journal)
        writer.append(encode(Frame(0, 0.0, PhaseChanged("training"))))
        writer.close()
        started.append(folder)
        return Exited()

    monkeypatch.setattr("tui.session.launching.launcher.start_python", start_python)
    return started


def test_a_foreign_module_runs_only_when_it_is_allowed(foreign, fails, trainers, tmp_path):
    folder, code = foreign(modules=("my_tasks",)), tmp_path / "unpacked" / "my_tasks.py"
    for command in (("resume", NAME), ("fork", NAME), ("resume", NAME, "--json")):
        assert f"the run names code that has not been allowed here: my_tasks ({code})" in fails(1, *command)
    assert (trainers, list(folder.path.parent.iterdir())) == ([], [folder.path])
    assert run(["--allow-code", "resume", NAME]) == 0
    assert run(["fork", NAME]) == 0  # the same content is known now
    assert len(trainers) == 2
    assert allowed_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "file",
    [
        "helpers.py",  # which the module may import
        "helpers/__init__.py",
        "link/inside.py",
        "my_tasks/__init__.py",  # which Python prefers, as the next ones
        "my_tasks.cpython-312-x86_64-linux-gnu.so",
        "__pycache__/my_tasks.cpython-311.pyc",
    ],
)
def test_changed_content_is_asked_for_again(foreign, trainers, capsys, tmp_path, file):
    foreign(modules=("my_tasks",))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "unpacked" / "link").symlink_to(tmp_path / "elsewhere")
    assert run(["--allow-code", "resume", NAME]) == 0
    (tmp_path / "unpacked" / file).parent.mkdir(exist_ok=True)
    (tmp_path / "unpacked" / file).write_text("")
    assert run(["resume", NAME]) == 1
    (tmp_path / "unpacked" / file).unlink()
    assert run(["resume", NAME]) == 0
    (tmp_path / "unpacked" / "my_tasks.py").chmod(0o666)
    (tmp_path / "unpacked" / "my_tasks.py").write_text(f"{MODULE}\n")
    assert run(["resume", NAME]) == 1
    assert "which others may change" in capsys.readouterr().err


@pytest.mark.parametrize("answer", [True, False])
def test_a_terminal_is_asked_once(foreign, trainers, monkeypatch, answer):
    questions = []
    monkeypatch.setattr("tui.command_group.ask", lambda question, err: questions.append(question) or answer)
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(sys, stream, Terminal(getattr(sys, stream)))
    foreign(modules=("my_tasks",))
    assert [run(["resume", NAME]), run(["resume", NAME])] == ([0, 0] if answer else [1, 1])
    assert len(questions) == (1 if answer else 2)
    assert "my_tasks" in questions[0]
    assert len(trainers) == (2 if answer else 0)


class Terminal:
    def __init__(self, stream):
        self.stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self.stream, name)


@pytest.mark.parametrize("where", ["file", "own folder"])
def test_what_the_user_has_named_in_a_preset_runs_without_a_question(foreign, trainers, tmp_path, where):
    folder = foreign(modules=("my_tasks",))
    presets = tmp_path / ("unpacked" if where == "file" else "config/humanoid-tui/presets")
    presets.mkdir(parents=True, exist_ok=True)
    preset = {
        "title": "mine", "description": "mine", "backend": "mjlab", "task": "T", "experiment": "e", "iterations": 1,
        "num_envs": {"cpu": 4, "cuda": 4}, "modules": ["my_tasks"], "module_folder": str(tmp_path / "unpacked"),
    }  # fmt: skip
    (presets / "mine.toml").write_text(tomli_w.dumps(preset))
    if where == "file":
        assert run(["launch", str(presets / "mine.toml"), "--device", "cpu"]) == 0
    (tmp_path / "unpacked" / "my_tasks.py").write_text("print('edited')\n")
    assert run(["resume", str(folder.path)]) == 0
    assert len(trainers) == (2 if where == "file" else 1)


def test_the_name_of_a_module_of_the_users_presets_allows_no_other_of_that_name(tmp_path, empty_working_directory):
    presets = tmp_path / "config/humanoid-tui/presets"
    presets.mkdir(parents=True)
    preset = {
        "title": "mine", "description": "mine", "backend": "mjlab", "task": "T", "experiment": "e", "iterations": 1,
        "num_envs": {"cpu": 4, "cuda": 4}, "modules": ["my_tasks"],
    }  # fmt: skip
    (presets / "mine.toml").write_text(tomli_w.dumps(preset))
    (presets / "my_tasks.py").write_text("")
    check_code(replace(SPEC, modules=("my_tasks",), module_folder=str(presets)))
    Path("my_tasks.py").write_text(MODULE)  # the working folder comes from somebody else
    with pytest.raises(CodeNotAllowed, match="my_tasks"):
        check_code(replace(SPEC, modules=("my_tasks",)))


def test_a_place_is_not_the_same_in_another_working_folder(tmp_path, monkeypatch):
    spec = replace(SPEC, modules=("my_tasks",), module_folder="code")
    for folder in ("mine", "foreign"):
        (tmp_path / folder / "code").mkdir(parents=True)
        (tmp_path / folder / "code" / "my_tasks.py").write_text(folder)
    monkeypatch.chdir(tmp_path / "mine")
    allow_place(spec)
    check_code(spec)
    monkeypatch.chdir(tmp_path / "foreign")
    with pytest.raises(CodeNotAllowed, match=r"foreign/code/my_tasks\.py"):
        check_code(spec)


def test_code_that_can_not_be_looked_at_is_refused(tmp_path):
    archive, large = tmp_path / "code.zip", tmp_path / "large"
    archive.write_bytes(b"PK")
    large.mkdir()
    (large / "my_tasks.py").touch()
    with open(large / "data.so", "wb") as file:
        file.truncate(60_000_000)
    for folder, problem in ((archive, "expected a folder of modules"), (large, "can't be read: .*expected at most")):
        with pytest.raises(LaunchError, match=problem):
            check_code(replace(SPEC, modules=("my_tasks",), module_folder=str(folder)))


@pytest.mark.parametrize(
    "named",
    [
        {"modules": ("antigravity",)},
        {"overrides": {"agent.actor.class_name": "my.policy.Policy"}},
        {"overrides": {"agent.actor": {"class_name": "my.policy.Policy"}}},
        {"overrides": {"agent.logger": "my.log.Writer"}},
        {"backend": "isaaclab", "hydra": ("agent.policy.class_name='my.policy.Policy'",)},
        {"overrides": {"env.rewards.alive.func": "os:system"}},
        {"overrides": {"agent": {"policy": [{"class_name": "my.policy:Policy"}]}}},
        {"backend": "isaaclab", "hydra": ("agent.algorithm.class_name=subprocess:Popen",)},
        {"backend": "isaaclab", "task": "stranger:Task-v0"},
    ],
)
def test_installed_modules_and_functions_of_a_configuration_are_code_too(named):
    with pytest.raises(CodeNotAllowed, match="names code"):
        check_code(replace(SPEC, **named))


@pytest.mark.parametrize(
    "named", [{}, {"overrides": {"a": "cuda:0", "b": "-1:1", "c.class_name": "PPO"}}, {"hydra": ("env.a=1.5",)}]
)
def test_a_run_without_code_needs_no_answer(named):
    check_code(replace(SPEC, **named))


def test_workers_run_no_foreign_code(foreign):
    folder = foreign(modules=("my_tasks",))
    request = Request(run=str(folder.path), checkpoint=str(folder.checkpoint(50)), suite="quick", device="cpu")
    with pytest.raises(CodeNotAllowed, match="my_tasks"):
        evaluate(request, lambda progress: None, Event())


@pytest.mark.parametrize("place", ["", "distribution_cfg"])
def test_an_export_imports_no_foreign_code(foreign, fails, monkeypatch, place):
    folder, exported = foreign(), []
    monkeypatch.setattr("tui.session.exporting.run_export", lambda *arguments, **_: exported.append(arguments))
    named = {"class_name": "my.policy.Policy"}
    described = {"class_name": "mjlab.rl.spatial_softmax:SpatialSoftmaxCNNModel"} | ({place: named} if place else named)
    folder.params.mkdir()
    folder.policy_description.write_bytes(msgspec.json.encode({"actor": described}))
    assert "names code that has not been allowed here: my.policy" in fails(1, "export", NAME, "--checkpoint", "50")
    assert exported == []


@pytest.mark.parametrize("experiment", ["../../outside", "/tmp/outside", "..", "", "a/b", "a\n"])
def test_a_run_is_written_below_the_log_root_only(foreign, fails, trainers, tmp_path, experiment):
    folder = foreign(experiment=experiment)
    before = sorted(tmp_path.rglob("*"))
    assert "expected the name of one folder as experiment" in fails(2, "resume", str(folder.path))
    after = [path for path in sorted(tmp_path.rglob("*")) if "state" not in path.parts]
    assert (trainers, after) == ([], before)


@pytest.mark.parametrize(
    ("place", "command"),
    {
        "exported": ("export", NAME, "--checkpoint", "50"),
        "evaluations": ("evaluate", NAME, "--device", "cpu"),
        "rollouts": ("rollout", NAME, "--device", "cpu"),
    }.items(),
)
def test_links_of_a_run_lead_nowhere(foreign, fails, tmp_path, place, command):
    folder, outside = foreign(), tmp_path / "outside"
    outside.mkdir()
    (folder.path / place).symlink_to(outside)
    assert "in its run's folder, got a link to" in fails(1, *command)
    assert list(outside.iterdir()) == []


def bad_addresses(tmp_path):
    loose, elsewhere = make_sockets_folder(), make_sockets_folder()
    loose.chmod(0o755)
    (tmp_path / "humanoid-tui-link").symlink_to(elsewhere)
    (tmp_path / "other").mkdir(mode=0o700)
    yield from ("", "nonsense", "tcp://127.0.0.1:5555", "inproc://x", "ipc://relative/x", "ipc://@abstract")
    yield from (f"ipc://{loose}/x", f"ipc://{tmp_path}/humanoid-tui-link/x", f"ipc://{tmp_path}/other/x")
    yield from (f"ipc://{tmp_path}/humanoid-tui-none/x", f"ipc://{elsewhere}/{'x' * 200}")


@pytest.mark.parametrize("field", ["publish", "control", "robot"])
def test_only_sockets_in_a_private_folder_of_the_user_are_followed(foreign, tmp_path, field):
    folder = foreign()
    write_connection(folder, private_address(), private_address(), private_address())
    connection = read_connection(folder)
    assert connection is not None
    for address in bad_addresses(tmp_path):
        if field == "robot" and not address:
            continue  # an older trainer's
        changed = replace(connection, **{field: address})
        folder.connection.write_text(tomli_w.dumps(msgspec.to_builtins(changed)))
        assert read_connection(folder) is None, address
        assert foreign_address(folder) == address
        if address:
            with pytest.raises(TrainerUnreachable, match=r"expected the sockets of .* in a private folder of yours"):
                ask(folder, Pause())
