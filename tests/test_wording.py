"""Plain technical English: banned phrases stay out of screens, help and documentation; sentences there are short."""

from __future__ import annotations

import ast
import html
import inspect
import re
from pathlib import Path

import click
import pytest

from tui.command_group import cli
from tui.keys.catalogue import all_bindings
from tui.session.settings.settings_file import settings

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
RECORDED = ("is above 1 times",)
"""In messages that a recorded journal keeps, as the version that recorded it wrote them."""
SNAPSHOTS = sorted((ROOT / "tests").rglob("__snapshots__/**/*.svg"))
PACKAGES = ("tui", "trainer_proc", "curricula", "presets")
LONGEST_SENTENCE = 25

BANNED = {
    r"\bby person\b": "at 120 by person",
    r", please\b": "a number, please",
    r"\bwrites? what is seen\b": "write what is seen",
    r"\brange in sight\b": "the range in sight with its marks",
    r"\bknown once the environment\b": "known once the environment is built",
    r"\bat the next command\b": "at the next command",
    r"#\d+ undoes #\d+": "#3 undoes #2",
    r"\bramp is left out\b": "its ramp is left out: 181 to 199",
    r"\bby that alone\b|\bcounts its weight\b": "counts its weight: × 2.5 by that alone",
    r"\btoo slow to tell\b": "too slow to tell",
    r"\btoo few values\b": "too few values",
    r"\bno more (before|after): #": "no more before: #5 at 180",
    r"\btrainings? go(es)? on\b": "the training goes on",
    r"\bst(ands|ood) still\b": "stands still",
    r"\bwaits for the next iteration\b": "#3 waits for the next iteration",
    r"\bis above \S+ times\b": "is above 5 times the desired KL for 5 iterations",
    r"\bhas published no \w": "has published no nope",
    r"\bnot before \d+ (iterations|episodes)\b": "not before 46 iterations and 85 episodes",
    r"\bepisodes so far\b": "over 74 episodes so far (window 100, velocity)",
    r"\bdefault \S+ -?[\d.]+ to -?[\d.]+": "default -1:1  -3 to 3",
    r"∓": "∓10 %",
    r"\bend this training\b": "save a checkpoint and end this training?",
    r"\b6`? others\b|\bcalled others\b": "6 others",
    r"\b7`? found\b|\bcalled found\b": "7 found",
    r"\b(?-i:Do it)\b": "Do it",
    r"\b(?-i:Leave it)\b": "Leave it",
    r"(?<!`)\bpersons?\b": "a person has changed it",
    r"\bcould no longer read a journal of\b": (
        "Raised when a dashboard of the last version could no longer read a journal of this one."
    ),
    r"\bhear that\b": "Hear that `decision` couldn't be carried out and nothing has changed",
    r"\bslips? of the finger\b": "A slip of the finger must not fill the memory.",
    r"\bnobody hears or asks\b": "The link of ranks above 0, which nobody hears or asks.",
    r"\bcan be said to a person\b": "What can be said to a person when a training can't be had.",
    r"\bthere is to be told\b": "Return what there is to be told of all knobs now.",
    r"\bisn't asked: that would\b": "Which of them have been drawn isn't asked: that would wait for the device",
    r"\bmake a draw by\b": "Make a draw by the configuration as it is now possible",
    r"\bpair of them is no range\b": "Parameters of these endings choose elements: a pair of them is no range.",
    r"\bwho waits shorter\b": "Who waits shorter for room has waited for the other process to be scheduled.",
    r"\bmoves by itself\b": "A screen that moves by itself: what changes in it is painted without looking at all else.",
    r"\bno state of a curriculum's\b": "What isn't in the journal is no state of a curriculum's that matters.",
    r"\banybody's\b": "Runs are compared on the same charts, and anybody's TensorBoard files are watched.",
}
"""Patterns, in any case, each with a text that it is there for."""
WIRE_VALUES = {"at the next command"}
"""Values in journals, which stay; screens have other words for them."""


def banned_in(text):
    """Return the banned phrases of a text; where its lines break doesn't matter."""
    text = " ".join(text.split())
    return [match.group() for pattern in BANNED for match in re.finditer(pattern, text, re.IGNORECASE)]


def text_of_svg(svg):
    """Return the text of a screen's picture, line by line."""
    lines = {}
    for x, y, text in re.findall(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        lines.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\N{NO-BREAK SPACE}", " ")))
    return "\n".join(" ".join(text for _, text in sorted(lines[y])) for y in sorted(lines))


def sentences_of(text):
    """Return the sentences of Markdown: of paragraphs, list items, headings and the cells of tables."""
    text = re.sub(r"```.*?```|<!--.*?-->", "\n\n", text, flags=re.DOTALL)
    text = re.sub(r"`[^`]*`", "code", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*([-*#]|\d+\.)+ ", "\n\n", text, flags=re.MULTILINE)
    text = re.sub(r"^\|.*$", lambda row: "\n\n" + row.group().replace("|", "\n\n"), text, flags=re.MULTILINE)
    for block in re.split(r"\n\s*\n", text):
        yield from re.split(r"(?<=[.!?])[*_)]*\s+", " ".join(block.split()))


def too_long(text):
    """Return the sentences of a text with more words than `LONGEST_SENTENCE`."""
    return [
        sentence
        for sentence in sentences_of(text)
        if len([word for word in sentence.split() if re.search(r"\w", word)]) > LONGEST_SENTENCE
    ]


def help_of(command):
    """Return the text of a command's `--help`, and the texts of its parts."""
    names = ["-h", "--help"]  # which click keeps for the command
    context = click.Context(
        command, info_name=command.name, terminal_width=10_000, max_content_width=10_000, help_option_names=names
    )
    texts = [inspect.cleandoc(command.help or ""), *(getattr(option, "help", None) or "" for option in command.params)]
    return command.get_help(context), texts


@pytest.mark.parametrize("name", ["", *cli.list_commands(click.Context(cli))])
def test_help_is_in_plain_english(name):
    whole, texts = help_of(cli.get_command(click.Context(cli), name) if name else cli)
    assert len(whole) > 100
    assert banned_in(whole) == []
    assert [sentence for text in texts for sentence in too_long(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_in_plain_english(page):
    assert banned_in(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_sentences_are_short(page):
    assert too_long(page.read_text()) == []


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.stem)
def test_screens_are_in_plain_english(snapshot):
    found = banned_in(text_of_svg(snapshot.read_text(encoding="utf-8")))
    assert [phrase for phrase in found if phrase not in RECORDED] == []


def test_texts_of_keys_and_settings_are_in_plain_english():
    texts = [text for binding in all_bindings() for text in (binding.description, binding.tooltip)]
    texts += [setting.text for setting in settings()]
    assert len(texts) > 100
    assert [phrase for text in texts for phrase in banned_in(text)] == []
    assert [sentence for text in texts for sentence in too_long(text)] == []


def strings_of(source):
    """Return the docstrings and texts of a Python source, with their lines; those without a blank are names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def test_strings_of_the_sources_are_in_plain_english():
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert len(sources) > 200
    found = [
        f"{path.relative_to(ROOT)}:{line}: {phrase}"
        for path in sources
        for line, text in strings_of(path.read_text())
        if text not in WIRE_VALUES
        for phrase in banned_in(text)
    ]
    assert found == []


# --- these tests find what they look for ---


@pytest.mark.parametrize("pattern", BANNED)
def test_every_phrase_is_found_where_lines_break(pattern):
    text = f"before {BANNED[pattern]} after".replace(" ", "\n    ")
    assert any(re.fullmatch(pattern, phrase, re.IGNORECASE) for phrase in banned_in(text))


def test_innocent_words_are_not_banned():
    innocent = "found 6 metrics; the others train at iteration 120 by the user, and do it as Leave iterations personal"
    assert banned_in(innocent) == []


def test_a_phrase_is_found_in_a_picture():
    (sample, *_) = SNAPSHOTS
    svg = sample.read_text(encoding="utf-8")
    text = next(text for text in re.findall(r">([^<>]*)</text>", svg) if len(text) > 20)
    planted = svg.replace(f">{text}</text>", ">row&#160;3&#160;at&#160;120&#160;by&#160;person</text>")
    assert "by person" in banned_in(text_of_svg(planted))


def test_a_phrase_is_found_in_the_help_of_a_command():
    option = click.Option(["--ramp"], help="A number, please.")
    command = click.Command("tune", help="Change knobs; the training\ngoes on.", params=[option])
    assert banned_in(help_of(command)[0]) == [", please", "training goes on"]


def test_a_phrase_is_found_in_the_strings_of_a_source():
    source = '''def f(n):\n    """Tell a\n    person."""\n    return f"#{n} waits for the next iteration"'''
    assert [banned_in(text) for _, text in strings_of(source)] == [["person"], ["waits for the next iteration"]]


def test_a_long_sentence_is_found():
    words = " ".join(["word"] * LONGEST_SENTENCE)
    assert too_long(f"{words}. {words}!\n\n- {words}\n- {words}\n\n| {words} | {words} |") == []
    for text in (f"{words} more", f"Short. {words}\nmore. Short.", f"- {words} more", f"| a | {words} `more` |"):
        assert len(too_long(text)) == 1


def test_there_are_pages_and_pictures_to_look_at():
    assert len(PAGES) > 30
    assert len(SNAPSHOTS) > 100
    assert all(len(text_of_svg(snapshot.read_text(encoding="utf-8"))) > 100 for snapshot in SNAPSHOTS)
