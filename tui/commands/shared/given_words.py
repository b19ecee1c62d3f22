"""The words of a command line as a user has given them, for a command that is carried out elsewhere."""

from __future__ import annotations

from collections.abc import Collection

import click
from click.core import ParameterSource


def given_words(context: click.Context, without: Collection[str] = ()) -> list[str]:
    """Return arguments, then options, that were given on the command line; none of the parameters `without`."""
    arguments: list[str] = []
    options: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in without or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter, click.Option):
            options += _option_words(parameter, value)
        else:
            arguments += map(str, value if parameter.nargs != 1 else (value,))
    return [*arguments, *options]


def _option_words(option: click.Option, value: object) -> list[str]:
    if option.is_flag:
        return [option.opts[0] if value else option.secondary_opts[0]]
    values = value if isinstance(value, tuple) else (value,)
    return [word for one in values for word in (option.opts[0], str(one))]
