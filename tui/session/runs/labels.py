"""Labels that a user gives to a run: title, note, tags, star, archive. They lie in the run's own folder."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import tomli_w

from curricula.errors import UsageError, UserError
from curricula.toml_file import TomlFileError, read_toml_as
from trainer_proc.contract.file_lock import try_lock
from trainer_proc.contract.run_folder import RunFolder, write_atomically
from tui.session.runs.names import distinct_names

LONGEST_TITLE, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 200, 4000, 60, 50
"""Characters, and number of tags, that are accepted."""
_LARGEST = 64 * 1024
"""Bytes of the file that are read."""
_TAG = re.compile(rf"[^\s#,]{{1,{LONGEST_TAG}}}")
_MOST_SHOWN = 40
"""Characters of a wrong label in a message."""
_BUSY_SECONDS = 5.0
"""Others hold the lock for milliseconds, unless they mean harm."""


class LabelError(UserError):
    """The labels can't be read or written."""


class WrongLabel(UsageError, LabelError):
    """What no label can be."""


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Content of `labels.toml`."""

    title: str = ""
    """Name that replaces that of the folder on screens."""
    note: str = ""
    """Lines of text."""
    tags: tuple[str, ...] = ()
    """Words without blanks, in the order in which they were added."""
    starred: bool = False
    archived: bool = False
    """Whether lists leave the run out once it has ended."""

    @property
    def tags_text(self) -> str:
        """Return `#one #two`."""
        return " ".join(f"#{tag}" for tag in self.tags)


NO_LABELS = Labels()


@dataclass(frozen=True)
class LabelChange:
    """What changes in a run's labels; None leaves a label as it is."""

    title: str | None = None
    note: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    starred: bool | None = None
    archived: bool | None = None

    def __bool__(self) -> bool:
        return self != LabelChange()

    def applied_to(self, labels: Labels) -> Labels:
        """Return the changed labels. Raises `WrongLabel`."""
        tags = [tag for tag in dict.fromkeys((*labels.tags, *map(_tag, self.add))) if tag not in self._removed]
        if self.add and len(tags) > MOST_TAGS:
            raise WrongLabel(f"expected at most {MOST_TAGS} tags, got {len(tags)}")
        return Labels(
            title=labels.title if self.title is None else _title(self.title),
            note=labels.note if self.note is None else _note(self.note),
            tags=tuple(tags),
            starred=labels.starred if self.starred is None else self.starred,
            archived=labels.archived if self.archived is None else self.archived,
        )

    @property
    def _removed(self) -> set[str]:
        return {tag.removeprefix("#") for tag in self.remove}


def tags_in(text: str) -> tuple[str, ...]:
    """Return the tags in a text, separated by blanks or commas, each with or without `#`."""
    return tuple(dict.fromkeys(word.removeprefix("#") for word in re.split(r"[\s,]+", text) if word.strip("#")))


def read_labels(folder: RunFolder) -> Labels:
    """Return the labels of a run, empty ones if it has none. Raises `LabelError`."""
    try:
        return read_toml_as(folder.labels, Labels, _LARGEST)
    except FileNotFoundError:
        return NO_LABELS
    except TomlFileError as error:
        raise LabelError(str(error), hint="repair or remove it") from error


def labels_or_problem(folder: RunFolder) -> tuple[Labels, str]:
    """Return the labels of a run; empty ones with the reason if they can't be read."""
    try:
        return read_labels(folder), ""
    except LabelError as error:
        return NO_LABELS, str(error)


def shown_names(folders: Sequence[RunFolder]) -> list[str]:
    """Return the titles of runs, and names without a date of those without; only names if titles are the same."""
    names = distinct_names([folder.name for folder in folders])
    shown = [labels_or_problem(folder)[0].title or name for folder, name in zip(folders, names, strict=True)]
    return shown if len(set(shown)) == len(shown) else names


def change_labels(folders: Iterable[RunFolder], change: LabelChange) -> list[Labels]:
    """Change the labels of runs and return them; changes by others at the same time are kept. Raises `LabelError`.

    What is wrong with the change itself is reported before any file is written.
    """
    change.applied_to(NO_LABELS)
    return [_changed(folder, change) for folder in folders]


def _changed(folder: RunFolder, change: LabelChange) -> Labels:
    try:
        with _locked(folder):
            before = read_labels(folder)
            after = change.applied_to(before)
            if after != before:
                write_atomically(folder.labels, tomli_w.dumps(msgspec.to_builtins(after)).encode())
            return after
    except OSError as error:
        raise LabelError(f"the labels of {folder.name} can't be stored: {error.strerror or error}") from error


@contextlib.contextmanager
def _locked(folder: RunFolder) -> Iterator[None]:
    """Keep other writers of the labels out, where the file system has locks. Raises `LabelError` or `OSError`."""
    descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + _BUSY_SECONDS
        while not try_lock(descriptor):
            if time.monotonic() > end:
                raise LabelError(f"the labels of {folder.name} are being changed by another program", hint="try again")
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _title(text: str) -> str:
    title = text.strip()
    if len(title) > LONGEST_TITLE or not title.isprintable():
        raise WrongLabel(f"expected a title of at most {LONGEST_TITLE} printable characters, got {_shown(text)}")
    return title


def _note(text: str) -> str:
    lines = [line.expandtabs(4).rstrip() for line in text.strip().splitlines()]
    note = "\n".join(lines)
    if len(note) > LONGEST_NOTE or not all(line.isprintable() for line in lines):
        raise WrongLabel(f"expected a note of at most {LONGEST_NOTE} printable characters, got {_shown(text)}")
    return note


def _tag(text: str) -> str:
    tag = text.removeprefix("#")
    if not (_TAG.fullmatch(tag) and tag.isprintable()):
        expected = f"a tag of 1 to {LONGEST_TAG} printable characters without blanks, commas and #"
        raise WrongLabel(f"expected {expected}, got {_shown(text)}")
    return tag


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}… ({len(text)} characters)"
