"""Names, notes and messages of a run can do nothing to the terminal, wherever they are printed or drawn."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import typing
from pathlib import Path

import msgspec
import pytest
import tomli_w
from msgspec.structs import replace
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import DataTable, Input, Label, OptionList, Static

from tests.program import PROGRAM
from tests.tui.screens.recorded import RECORDINGS, frames_of, until
from trainer_proc.contract.code_state import CodeState, write_code
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.cli import run
from tui.session.text import plain

WILD = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202eevil\u200b\n\r\udcff\U000e0041"
COMMANDS = (
    *("runs", "knobs WILD", "history WILD", "impact WILD 1", "attach WILD --json", "compare WILD WILD --json"),
    *("chart WILD WILD -o chart.svg", "knobs nobody", "tune WILD knob=1", "export WILD", "evaluate WILD"),
    *("record WILD -o WILD", "fork WILD", "resume WILD", "delete WILD --yes"),
    *("label WILD", "label WILD --title WILD", "label WILD --tag WILD --json", "code WILD WILD"),
    *("presets --json", "launch WILD", "watch WILD --json", "WILD"),
)
TUI = Path(__file__).parents[2] / "tui"


def make_wild(value, kind=str):
    """Return a message with something wild behind each text that is free; choices and numbers stay."""
    if isinstance(value, msgspec.Struct):
        fields = {field.name: field.type for field in msgspec.structs.fields(value)}
        return replace(value, **{name: make_wild(getattr(value, name), fields[name]) for name in fields})
    if isinstance(value, str):
        return value + WILD.replace("\udcff", "") if kind is str else value
    if isinstance(value, tuple | list):
        inner = (typing.get_args(kind) or (None,))[0]
        return type(value)(make_wild(one, inner) for one in value)
    return value


@pytest.fixture
def wild_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(Path("logs/rsl_rl/wild") / WILD)
    folder.path.mkdir(parents=True)
    spec = RunFolder(RECORDINGS / "g1-steered").read_spec()
    wild = WILD.replace("\udcff", "")
    folder.write_spec(replace(spec, task=wild))
    write_code(
        folder, CodeState(wild, "0" * 40, wild, problem=wild, versions={"p": wild}), WILD.encode(errors="replace")
    )
    folder.labels.write_text(tomli_w.dumps({"title": wild, "note": wild, "tags": [wild], "starred": True}))
    writer = JournalWriter(folder.journal)
    for frame in frames_of("g1-steered")[:400]:
        writer.append(encode(make_wild(frame)))
    writer.close()
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_print_text_that_acts_on_nothing(wild_run, capsys, command):
    run([WILD if word == "WILD" else word for word in command.split()])
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert all(line.replace("\t", " ") == plain(line) for line in text.split("\n")), text
    assert len(printed.err.splitlines()) <= 1


def test_json_of_a_wild_name_is_valid(capsys):
    assert run(["watch", WILD, "--json"]) == 2
    printed = capsys.readouterr()
    assert msgspec.json.decode(printed.out)["error"] == printed.err.removeprefix("humanoid-tui: ").strip()


class Wild(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Static(WILD, markup=False)
        yield Label(WILD, markup=False)
        yield Input(WILD)
        yield DataTable()
        yield OptionList(WILD, markup=False)

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.border_title = table.border_subtitle = WILD
        table.styles.border = ("round", "red")
        table.add_column(WILD)
        table.add_row(WILD)
        self.notify(WILD, title=WILD, markup=False)


async def test_widgets_draw_text_that_acts_on_nothing():
    app = HumanoidTui(Path("logs"))
    async with app.run_test(size=(80, 40), notifications=True):
        await app.push_screen(Wild())
        await until(lambda: drawn(app).count("evil") >= 8, "the screen")
        lines = drawn(app).split("\n")
        assert [line for line in lines if not line.isprintable()] == []


def drawn(app) -> str:
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def test_the_clipboard_gets_text_that_acts_on_nothing(monkeypatch):
    copied = []
    monkeypatch.setattr("textual.app.App.copy_to_clipboard", lambda app, text: copied.append(text))
    HumanoidTui(Path("logs")).copy_to_clipboard(f"rm{WILD}")
    assert copied == ["rm2Jevil\n\ufffd"]


def test_commands_print_in_one_place():
    prints = re.compile(r"click\.(echo|secho|confirm|prompt|style)\(|[^.\w]print\(|std(out|err)\.write")
    found = {str(path.relative_to(TUI)) for path in TUI.rglob("*.py") if prints.search(path.read_text())}
    assert found == {"commands/shared/output.py", "cli.py", "session/program_log.py"}


@pytest.mark.parametrize("arguments", [("history", "latest"), ("attach", "latest", "--json")])
def test_a_terminal_in_latin_1_gets_what_it_can_show(tmp_path, arguments):
    shutil.copytree(RECORDINGS / "g1-steered", tmp_path / "logs/rsl_rl/g1/2026-03-01_12-00-00")
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([PROGRAM, *arguments], env=environment, cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("latin-1")
    if "--json" in arguments:
        assert "\u2192" in str(json.loads(text))
    else:
        assert " ? " in text
