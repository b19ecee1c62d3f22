"""Everything the pages name exists: files, commands with their options, keys, presets, rooms."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from textual.keys import format_key

from presets import list_presets
from tui.command_group import cli
from tui.keys.catalogue import all_bindings

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = ("tui", "trainer_proc", "curricula", "presets", "tests", "benchmarks", "docs", ".ci")


def code_of(page):
    """The lines of a page's code blocks, and what stands between backticks, each on one line."""
    text = page.read_text()
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.S)
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return [line for block in blocks for line in block.splitlines()] + [" ".join(code.split()) for code in inline]


@pytest.fixture(params=PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def page(request):
    return request.param


def test_links_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_page_of_trainings_has_every_preset():
    text = (ROOT / "docs" / "trained.md").read_text()
    assert [preset.name for preset in list_presets()[0] if f"`{preset.name}`" not in text] == []


def test_files_exist(page):
    words = [word.rstrip("./") for code in code_of(page) for word in re.findall(r"[\w./-]+", code)]
    files = [word for word in words if "/" in word and word.split("/")[0] in FOLDERS]
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_commands_have_the_options_that_are_named(page):
    unknown = []
    for code in (code.replace("\\|", "|") for code in code_of(page)):
        for names, rest in re.findall(r"humanoid-tui ([a-z][a-z|-]*)(.*)", code):
            for name in names.split("|"):
                command = cli.get_command(click.Context(cli), name)
                parameters = command.params if command else []
                options = {option for one in parameters for option in (*one.opts, *one.secondary_opts)}
                named = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest.partition("#")[0])
                unknown += [f"{name} {option}" for option in named if option not in options | {"--help"}]
                unknown += [] if command else [name]
    assert unknown == []


def test_every_command_is_on_the_page_of_commands():
    named = re.findall(r"humanoid-tui ([a-z|-]+)", (ROOT / "docs" / "commands.md").read_text().replace("\\|", "|"))
    assert set(cli.list_commands(click.Context(cli))) - {one for names in named for one in names.split("|")} == set()


@pytest.mark.parametrize("name", ["launch", "fork"])
def test_tables_of_options_are_complete(name):
    page = (ROOT / "docs" / "commands.md").read_text()
    table = page.split(f"Options of `humanoid-tui {name}`:")[1].split("\n\n")[1]
    command = cli.get_command(click.Context(cli), name)
    options = {option for one in command.params for option in one.opts if option.startswith("--")}
    assert options - set(re.findall(r"--[a-z-]+", table)) == {"--json", "--logs"}  # all commands have these


def test_every_preset_is_in_the_readme():
    named = re.findall(r"`([a-z0-9-]+)`", (ROOT / "README.md").read_text().split("## Presets")[1])
    assert {path.stem for path in (ROOT / "presets").glob("*.toml")} - set(named) == set()


def keys_of(page):
    """What stands in the column `key` of a page's tables, if it is one character."""
    column = None
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if "key" in cells:
            column = cells.index("key")
        elif len(cells) < 3:
            column = None
        elif column is not None:
            yield from (key for key in re.findall(r"`([^`]+)`", cells[column]) if len(key) == 1)


def test_keys_are_bound():
    keys = {key for page in PAGES for key in keys_of(page)}
    assert len(keys) > 40
    assert keys - {format_key(key) for binding in all_bindings() for key in binding.key.split(",")} == set()


def rooms_of_the_page():
    """Return the rooms in the tables of the page on architecture, with the module names in their rows."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `((?:trainer_proc|tui)/\w+)/` \| (.*) \|$", page, re.M)
    return {folder: re.findall(r"`([a-z_]+)`", row) for folder, row in rows}


def test_the_page_on_architecture_has_every_room():
    rooms = {
        f"{package}/{folder.name}"
        for package in ("trainer_proc", "tui")
        for folder in (ROOT / package).iterdir()
        if (folder / "__init__.py").exists()
    }
    assert set(rooms_of_the_page()) == rooms


@pytest.mark.parametrize("folder", rooms_of_the_page())
def test_modules_of_the_page_on_architecture_exist(folder):
    modules = {path.stem for path in (ROOT / folder).rglob("*.py")}
    assert set(rooms_of_the_page()[folder]) - modules == set()


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    titles = {path.name: path.read_text().splitlines()[0] for path in folder.glob("[0-9]*.md")}
    assert len(titles) > 15
    for name, heading in titles.items():
        number, title = re.fullmatch(r"# (\d+)\. (.*)", heading).groups()
        assert int(number) == int(name[:4])
        assert f"| [{name[:4]}]({name}) | {title} |" in index


def rows_of_changes():
    """Return the rows of CONTRIBUTING's table of changes: what is added, the files to touch, and their number."""
    table = (ROOT / "CONTRIBUTING.md").read_text().split("## I want to add a …")[1].split("\n\n")[1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@pytest.mark.parametrize("row", rows_of_changes(), ids=[row[0] for row in rows_of_changes()])
def test_names_in_the_table_of_changes_exist(row):
    words = re.findall(r"`([\w./-]+)`", row[1])
    places = [ROOT / word for word in words if "/" in word]
    folders = [place if place.is_dir() else place.parent for place in places]
    files = [file for folder in folders for file in folder.glob("*.py")]
    bare = [word for word in words if "/" not in word and word.endswith(".py")]
    assert [name for name in bare if name not in {file.name for file in files}] == []
    text = "\n".join(file.read_text() for file in files)
    names = [word for word in words if "/" not in word and re.fullmatch(r"[A-Z]\w+", word)]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_a_change_touches_few_files():
    most = {what: int(count.split()[-1]) for what, _, count in rows_of_changes()}
    assert {what: count for what, count in most.items() if count > 3} == {"backend": 4, "engine": 4}
