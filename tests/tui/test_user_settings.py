"""The user's file of settings: what is read, what is told of mistakes, and what is written into it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from tests.tui.settings_page import PAGES, with_table
from tui.cli import run
from tui.keys.catalogue import all_bindings, key_actions
from tui.session.settings.config import UserConfig, config_file, read_settings, schema, settings_from
from tui.session.settings.keymap import KeyAction, KeymapError, character_name, checked_keymap, key_name
from tui.session.settings.settings_file import SettingsError, first_file, remember, settings, with_setting


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def write_config(text):
    config_file().parent.mkdir(parents=True, exist_ok=True)
    config_file().write_text(text)


def said(text):
    return [str(problem) for problem in settings_from(tomllib.loads(text))[1]]


# --- what is read ---


def test_without_a_file_everything_is_at_its_default():
    assert read_settings() == (UserConfig(), [])


def test_what_is_written_is_in_force():
    write_config('[appearance]\ntheme = "tol"\n[rates]\nframes_per_second = 60\n[board]\nsmoothing = 0\n')
    config, problems = read_settings()
    assert not problems
    assert (config.appearance.theme, config.rates.frames_per_second, config.board.smoothing) == ("tol", 60, 0.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[appearance]\ntheme = "okabe"',
         'appearance.theme: expected one of dark, light, okabe-ito, tol, got "okabe"; nearest: okabe-ito'),
        ("[rates]\nframes_per_second = 61", "rates.frames_per_second: expected a whole number from 1 to 60, got 61"),
        ("[rates]\nframes_per_second = 0", "rates.frames_per_second: expected a whole number from 1 to 60, got 0"),
        ("[rates]\nframes_per_second = true",
         "rates.frames_per_second: expected a whole number from 1 to 60, got true"),
        ("[rates]\nframes_per_sec = 3", "rates.frames_per_sec: no such key; nearest: frames_per_second"),
        ("[board]\nsmoothing = nan", "board.smoothing: expected a number from 0 to 0.999, got nan"),
        ("[board]\nmetrics = ['a', 3]",
         'board.metrics[1]: expected a text in quotes ("…"), got 3'),
        ("[notify]\nbell = 1", "notify.bell: expected true or false, got 1"),
        ("[notyfy]\nbell = true", "notyfy: no such key; nearest: notify"),
        ("board = 3", "board: expected a table, got 3"),
        ("[keys]\nx = 3", 'keys.x: expected a text in quotes ("…"), got 3'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_what_is_allowed(text, line):
    assert said(text) == [line]


def test_one_mistake_leaves_all_else_in_force():
    write_config('[appearance]\ntheme = "light"\n[rates]\nframes_per_second = "many"\n[notify]\nbell = true\nbel = 1\n')
    config, problems = read_settings()
    assert (config.appearance.theme, config.notify.bell) == ("light", True)
    assert config.rates == UserConfig().rates
    assert [problem.path for problem in problems] == ["rates.frames_per_second", "notify.bel"]


@pytest.mark.parametrize("content", [b"[appearance\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_is_no_toml_is_told_in_one_line_and_everything_is_at_its_default(content):
    config_file().parent.mkdir(parents=True)
    config_file().write_bytes(content)
    config, (problem,) = read_settings()
    assert config == UserConfig()
    assert str(problem).startswith(f"{config_file()} can't be read: ")
    assert "\n" not in str(problem)


@given(
    st.dictionaries(
        st.sampled_from(["appearance", "rates", "board", "notify", "keys", "backends", "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["theme", "bell", "x", "isaaclab"]), inner),
        ),
    )
)
def test_whatever_stands_in_a_file_the_settings_are_whole_and_each_mistake_is_a_line(table):
    config, problems = settings_from(table)
    assert isinstance(config, UserConfig)
    assert all(problem.path for problem in problems)


def test_the_schema_has_every_setting_with_what_it_takes():
    tables = schema()["$defs"]
    assert tables["Appearance"]["properties"]["theme"]["enum"] == sorted(["dark", "light", "okabe-ito", "tol"])
    rate = tables["Rates"]["properties"]["frames_per_second"]
    assert (rate["minimum"], rate["maximum"]) == (1, 60)
    assert all(table["additionalProperties"] is False for table in tables.values())
    described = {name for table in tables.values() for name in table["properties"]}
    assert {setting.name for setting in settings()} < described


# --- what is written ---


def test_the_first_file_is_right_names_every_setting_and_changes_nothing():
    text = first_file()
    config, problems = settings_from(tomllib.loads(text))
    assert (config, problems) == (UserConfig(), [])
    commented_in = "\n".join(
        line.removeprefix("# ") if re.match(r"# (\[|[\w\".]+ = )", line) else line for line in text.splitlines()
    )
    tables = tomllib.loads(commented_in)
    for setting in settings():
        table = tables
        for part in setting.table.split("."):
            table = table[part]
        assert table[setting.name] == setting.default


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[appearance]\ntheme = "tol"\n'),
        ("[rates]\n", '[rates]\n\n[appearance]\ntheme = "tol"\n'),
        ("[appearance]\n# mine\n\n[rates]\n", '[appearance]\n# mine\ntheme = "tol"\n\n[rates]\n'),
        ("[ appearance ] # look\ntheme = 'dark'   # at night\n", '[ appearance ] # look\ntheme = "tol"   # at night\n'),
        ('[appearance]\n# theme = "dark"\n', '[appearance]\n# theme = "dark"\ntheme = "tol"\n'),
        ("appearance.theme = 'dark' # dotted\n", 'appearance.theme = "tol" # dotted\n'),
        ("appearance = {theme = 'dark'}\n", 'appearance = {theme = "tol"}\n'),
        ("[appearance]\nother = '''\ntheme = 1\n'''\n", "[appearance]\nother = '''\ntheme = 1\n'''\ntheme = \"tol\"\n"),
    ],
)  # fmt: skip
def test_a_setting_is_written_beside_comments(before, after):
    assert with_setting(before, "appearance", "theme", "tol") == after


@pytest.mark.parametrize(
    "text",
    ["[appearance\n", "appearance = 3\n"],
)  # fmt: skip
def test_a_file_that_can_not_be_changed_is_reported_with_the_line_to_write(text):
    with pytest.raises(SettingsError, match=r'can\'t be changed: .*; write theme = "tol" under \[appearance\]$'):
        with_setting(text, "appearance", "theme", "tol")


def test_a_remembered_setting_is_read_again():
    remember("appearance", "theme", "tol")
    remember("notify", "bell", True)
    remember("appearance", "theme", "light")
    config, problems = read_settings()
    assert (config.appearance.theme, config.notify.bell, problems) == ("light", True, [])


def test_a_link_to_the_file_stays_one(tmp_path):
    target = tmp_path / "dotfiles.toml"
    target.write_text("# mine\n")
    config_file().parent.mkdir(parents=True)
    config_file().symlink_to(target)
    remember("appearance", "theme", "tol")
    assert config_file().is_symlink()
    assert target.read_text().startswith("# mine\n")


def test_a_file_that_can_not_be_written_is_told():
    config_file().parent.parent.mkdir(parents=True, exist_ok=True)
    config_file().parent.touch()
    with pytest.raises(SettingsError, match="can't be written"):
        remember("appearance", "theme", "tol")


# --- keys ---

ACTIONS = [
    KeyAction("dashboard.pause", ("p",), "pause"),
    KeyAction("dashboard.export", ("e",), "export"),
    KeyAction("knobs.edit", ("enter",), "edit"),
    KeyAction("charts.maximise", ("enter",), "maximise"),
    KeyAction("runs.attach", ("a",), "attach"),
    KeyAction("app.help", ("question_mark", "f1"), "help"),
]


def keymap_of(texts):
    keymap, problems = checked_keymap(texts, ACTIONS)
    return keymap, [str(problem) for problem in problems]


def test_keys_are_given_as_characters_names_and_lists():
    keymap, problems = keymap_of({"dashboard.pause": "P, f5", "runs.attach": ",", "app.help": "?"})
    assert keymap == {"dashboard.pause": ("P", "f5"), "runs.attach": ("comma",), "app.help": ("question_mark",)}
    assert not problems


def test_two_keys_can_be_swapped():
    assert keymap_of({"dashboard.pause": "e", "dashboard.export": "p"}) == (
        {"dashboard.pause": ("e",), "dashboard.export": ("p",)}, []
    )  # fmt: skip


def test_a_key_may_do_another_thing_on_another_screen():
    assert keymap_of({"runs.attach": "p"})[1] == []


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ({"dashboard.puase": "P"}, "keys.dashboard.puase: no such action; nearest: dashboard.pause"),
        ({"dashboard.pause": "e"}, 'keys.dashboard.pause: got "e": on the same screen e is dashboard.export'),
        ({"runs.attach": "f1"}, 'keys.runs.attach: got "f1": on the same screen f1 is app.help'),
        ({"knobs.edit": "p"}, 'keys.knobs.edit: got "p": on the same screen p is dashboard.pause'),
        ({"dashboard.pause": "tab"},
         'keys.dashboard.pause: got "tab": tab is reserved: it moves to the next part of the screen'),
        ({"dashboard.pause": "ctrl+i"},
         'keys.dashboard.pause: got "ctrl+i": terminals send the same byte for ctrl+i and tab'),
        ({"dashboard.pause": "shift+p"}, 'keys.dashboard.pause: got "shift+p": shift+p is written P'),
        ({"dashboard.pause": "pgup"}, 'keys.dashboard.pause: got "pgup": no such key: pgup; nearest: pageup'),
        ({"dashboard.pause": ""},
         'keys.dashboard.pause: got "": expected at least one key; remove the line for the default'),
    ],
)  # fmt: skip
def test_a_key_that_can_not_be_used_is_one_line_and_the_rest_works(texts, line):
    keymap, problems = keymap_of({**texts, "dashboard.export": "x"} if "dashboard.export" not in line else texts)
    assert problems == [line]
    assert keymap == ({} if "dashboard.export" in line else {"dashboard.export": ("x",)})


def test_of_two_own_keys_that_clash_the_first_counts():
    keymap, problems = keymap_of({"dashboard.pause": "x", "dashboard.export": "x"})
    assert keymap == {"dashboard.pause": ("x",)}
    assert problems == ['keys.dashboard.export: got "x": on the same screen x is dashboard.pause']


def test_a_default_shared_by_two_parts_is_no_clash():
    assert keymap_of({"knobs.edit": "enter"})[1] == []


@given(st.characters())
def test_characters_have_the_names_that_textual_gives_them(character):
    try:
        name = key_name(character)
    except KeymapError:
        assert character.isspace() or not character.isprintable()
    else:
        assert name == character_name(character) == _character_to_key(character)


def test_every_key_of_the_program_has_an_id_a_description_and_an_explanation():
    actions = key_actions()
    assert len(actions) > 60
    for action in actions:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*", action.id)
        assert action.description
        assert action.tooltip, action.id
        assert action.keys


def test_every_binding_has_an_id():
    assert [binding for binding in all_bindings() if not binding.id] == []


def test_every_own_key_can_be_read_as_a_setting():
    for action in key_actions():
        for key in action.keys:
            if key not in ("tab", "shift+tab"):  # of a range's handles, which lead on to the next part
                assert key_name(key) == key


# --- the command ---


def test_the_command_tells_what_is_in_force(prints):
    write_config('[appearance]\ntheme = "tol"\n[keys]\n"dashboard.pause" = "f5"\n')
    text = prints("settings")
    assert text.startswith(f"# {config_file()}\n")
    assert tomllib.loads(text)["appearance"] == {"theme": "tol"}
    assert tomllib.loads(text)["keys"] == {"dashboard.pause": "f5"}
    value = prints("settings", "--json")
    assert value["settings"]["keys"] == {"dashboard.pause": "f5"}
    assert value["problems"] == []


def test_the_command_fails_with_what_is_wrong(capsys):
    write_config('[appearance]\ntheme = "blue"\n[keys]\n"dashboard.pause" = "e"\n"x.y" = "k"\n')
    assert run(["settings"]) == 1
    out, err = capsys.readouterr()
    assert len(re.findall("(?m)^! ", out)) == 3
    assert err == f"humanoid-tui: 3 problems in {config_file()}\n"
    assert run(["settings", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 3


def test_keys_are_listed_with_what_the_user_has_changed(prints):
    write_config('[keys]\n"dashboard.pause" = "f5"\n')
    (line,) = [line for line in prints("settings", "--keys").splitlines() if line.startswith("dashboard.pause ")]
    assert re.search(r" f5 .* \(default p\)$", line)
    values = {action["id"]: action for action in prints("settings", "--keys", "--json")}
    assert (values["dashboard.pause"]["keys"], values["dashboard.pause"]["default"]) == (["f5"], ["p"])


def test_a_first_file_is_written_once(prints, fails):
    assert prints("settings", "--init").strip() == str(config_file())
    assert config_file().read_text() == first_file()
    config_file().write_text("# mine\n")
    assert "exists" in fails(1, "settings", "--init")
    assert config_file().read_text() == "# mine\n"


def test_the_schema_is_printed(prints):
    assert json.loads(prints("settings", "--schema")) == json.loads(json.dumps(schema()))


def test_the_doctor_tells_of_settings_too(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_config('[appearance]\ntheme = "blue"\n[keys]\n"x.y" = "k"\n')
    assert run(["doctor", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["settings_problems"]
    assert [problem.split(":")[0] for problem in problems] == ["appearance.theme", "keys.x.y"]
    assert run(["doctor"]) == 1
    assert f"! settings  {config_file()}\n" in capsys.readouterr().out


# --- the pages of documentation ---


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_have_every_setting_and_every_key(name):
    page = PAGES[name].read_text()
    assert page == with_table(page, name), "python -m tests.tui.settings_page writes the tables again"


@pytest.mark.parametrize("setting", list(settings()), ids=lambda setting: setting.name)
def test_every_setting_is_read_by_the_program(setting):
    """A setting that nothing reads is a lie."""
    root = Path(__file__).parents[2]
    readers = [*(root / "tui").rglob("*.py"), *(root / "trainer_proc" / "alerts").rglob("*.py")]
    readers += [root / "trainer_proc" / "contract" / "alerts.py"]
    assert any(f".{setting.name}" in path.read_text() for path in readers)
