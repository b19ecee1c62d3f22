"""What the pages name exists: files, commands with their options, keys."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from textual.keys import format_key

from tui.commands.group import cli
from tui.keys.catalogue import all_bindings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("tui", "trainer_proc", "curricula", "presets", "tests", "benchmarks", "docs", ".ci")


def code_of(page):
    """The lines of a page's code blocks, and what stands between backticks, each on one line."""
    text = page.read_text()
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.S)
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return [line for block in blocks for line in block.splitlines()] + [" ".join(code.split()) for code in inline]


@pytest.fixture(params=PAGES, ids=[page.name for page in PAGES])
def page(request):
    return request.param


def test_links_lead_somewhere(page):
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


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
                options = {option for one in command.params for option in one.opts} if command else set()
                named = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest.partition("#")[0])
                unknown += [f"{name} {option}" for option in named if option not in options | {"--help"}]
                unknown += [] if command else [name]
    assert unknown == []


def test_every_command_is_in_the_readme():
    named = re.findall(r"humanoid-tui ([a-z|-]+)", (ROOT / "README.md").read_text().replace("\\|", "|"))
    assert set(cli.list_commands(click.Context(cli))) - {one for names in named for one in names.split("|")} == set()


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


@pytest.mark.parametrize("folder", ["trainer_proc", "trainer_proc/knobs", "trainer_proc/backends", "tui/session"])
def test_modules_of_the_page_on_architecture_exist(folder):
    (row,) = re.findall(rf"^\| `{folder}/` \| (.*) \|$", (ROOT / "docs" / "architecture.md").read_text(), re.M)
    named = set(re.findall(r"`([a-z_]+)/?`", row))
    assert named
    assert named - {path.stem for path in (ROOT / folder).iterdir()} == set()
