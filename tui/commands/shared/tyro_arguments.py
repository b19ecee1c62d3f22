"""Values by path as mjlab's own script takes them, with tyro: `--agent.actor.hidden-dims 64 64`."""

from __future__ import annotations

import re

import click

from presets.override_path import ROOTS

_BY_PATH = re.compile(rf"--((?:{'|'.join(ROOTS)})\.[^=]+)(?:=(.*))?", re.DOTALL)
_VALUE = re.compile(r"-?(\.?\d|inf\b|nan\b).*|[^-].*|", re.DOTALL)
_ARGUMENT = re.compile(rf"({'|'.join(ROOTS)})\..+=.*", re.DOTALL)


class TyroCommand(click.Command):
    """A command that takes `--env.PATH VALUE...` for the argument `env.PATH=VALUE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, by_path(args))


def by_path(words: list[str]) -> list[str]:
    """Return a command line whose tyro options are arguments PATH=VALUE, at its end; several values are a list."""
    others: list[str] = []
    arguments: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        match = _BY_PATH.fullmatch(word)
        if match is None:
            others.append(word)
            continue
        values = [] if match[2] is None else [match[2]]
        while match[2] is None and waiting and _VALUE.fullmatch(waiting[0]) and not _ARGUMENT.fullmatch(waiting[0]):
            values.append(waiting.pop(0))
        value = f"[{', '.join(values)}]" if len(values) > 1 else values[0] if values else "true"
        arguments.append(f"{_field_names(match[1])}={value}")
    return [*others, *arguments]


def _field_names(path: str) -> str:
    """Return a path with underscores, for which tyro writes dashes; keys in quotes stay."""
    return "".join(part if part.startswith('"') else part.replace("-", "_") for part in re.split(r'("[^"]*")', path))
