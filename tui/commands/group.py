"""All commands as one, and how their failures are reported: one line that says what to do."""

from __future__ import annotations

import importlib

import click
import msgspec

from curricula.errors import UserError, suggestion

_COMMANDS = {
    "launch": "launch",
    "presets": "doctor",
    "doctor": "doctor",
    "settings": "settings",
    "machine": "machine",
    "assets": "assets",
    "runs": "runs",
    "attach": "attach",
    "compare": "compare",
    "delete": "runs",
    "watch": "watch",
    "web": "web",
    "knobs": "knobs",
    "history": "knobs",
    "impact": "impact",
    "chart": "chart",
    "tune": "tune",
    "undo": "tune",
    "redo": "tune",
    "unpin": "tune",
    "stop-ramp": "tune",
    "pause": "control",
    "resume": "launch",
    "fork": "fork",
    "stop": "control",
    "save": "control",
    "export": "control",
    "record": "record",
}


class _LazyGroup(click.Group):
    """Imports a command's module when it is asked for, so that the program starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"tui.commands.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            raise click.UsageError(f"there is no command {args[0]}{suggestion(args[0], _COMMANDS, or_all=True)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="humanoid-tui")
def cli() -> None:
    """Train humanoid robots with reinforcement learning and steer them while they learn.

    Without a command, opens the program on its launch screen.
    """


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code; expected failures are one line on standard error."""
    try:
        return int(cli.main(arguments, prog_name="humanoid-tui", standalone_mode=False) or 0)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        return _report(error.format_message(), 2, arguments)
    except UserError as error:
        return _report(str(error), error.exit_code, arguments)
    except OSError as error:
        return _report(str(error), 1, arguments)


def _report(message: str, code: int, arguments: list[str]) -> int:
    line = " ".join(message.split())
    click.echo(f"humanoid-tui: {line}", err=True)
    if "--json" in arguments:
        click.echo(msgspec.json.encode({"error": line}).decode())
    return code
