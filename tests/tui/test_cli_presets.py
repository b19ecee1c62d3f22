"""The command that lists, shows and checks presets."""

from __future__ import annotations

import tomllib

from presets import own_presets_folder

PRESET = """title = "Mine"
description = "A preset of one's own."
backend = "mjlab"
task = "Mjlab-Cartpole-Balance"
experiment = "mine"
iterations = 5
num_envs = { cpu = 2, cuda = 8 }
"""


def test_presets_are_listed(prints):
    presets = prints("presets", "--json")
    assert [preset["name"] for preset in presets[:4]] == ["cartpole", "cartpole-swingup", "g1-stand", "g1-walk"]
    assert presets[0]["num_envs"] == {"cpu": 64, "cuda": 4096, "by_memory_gib": {}}
    lines = prints("presets").splitlines()
    assert [line.split()[0] for line in lines] == [preset["name"] for preset in presets]
    assert lines[0].split()[1:4] == ["mjlab", "Cartpole", "balance"]
    (tracking,) = [line for line in lines if line.startswith("g1-tracking ")]
    assert "needs an .npz motion from mjlab's csv_to_npz; 4 GiB GPU memory" in tracking


def test_ones_own_presets_are_listed_with_what_is_wrong_with_them(prints):
    folder = own_presets_folder()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(PRESET.replace("Mine", "Mine \\u001b[2J"))
    (folder / "broken.toml").write_text("title = 5")
    mine, broken = prints("presets", "--json")[-2:]
    assert (mine["name"], mine["title"]) == ("mine", "Mine \x1b[2J")
    assert broken["name"] == "broken"
    assert "title: expected a text" in broken["problem"]
    shown = prints("presets")
    assert "\x1b" not in shown
    assert shown.splitlines()[-2].split()[:3] == ["mine", "mjlab", "Mine"]
    assert shown.splitlines()[-1].split()[:3] == ["broken", "!", "preset"]


def test_a_preset_is_shown_as_a_whole(prints, fails, tmp_path):
    shown = prints("presets", "--show", "g1-stand")
    assert tomllib.loads(shown)["curriculum"]["pushes"]["kind"] == "staged"
    assert prints("presets", "--show", "g1-stand", "--json")["success"]["kind"] == "upright"
    (tmp_path / "mine.toml").write_text(PRESET)
    assert prints("presets", "--show", str(tmp_path / "mine.toml")) == f"# {tmp_path / 'mine.toml'}\n{PRESET}"
    assert "nearest: g1-stand" in fails(2, "presets", "--show", "g1-stnd", "--json")


def test_a_preset_file_is_validated(prints, fails, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(PRESET)
    assert prints("presets", "--validate", str(file)) == f"{file} is valid: Mine\n"
    assert prints("presets", "--validate", str(file), "--json") == {"valid": True, "preset": "mine"}
    file.write_text(PRESET + "iteratons = 5")
    reason = f"preset {file}: iteratons: no such key; nearest: iterations"
    assert fails(2, "presets", "--validate", str(file)) == reason
    assert fails(2, "presets", "--validate", str(file), "--json") == reason
    assert "can't be read" in fails(2, "presets", "--validate", str(tmp_path / "nothing.toml"))
    assert "exclude each other" in fails(2, "presets", "--validate", str(file), "--show", "cartpole")
