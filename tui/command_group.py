"""The command group: finds the commands, runs one, and reports its failure as one line that says what to do."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

import tui.commands
from curricula.errors import UserError, suggestion
from tui.commands.shared.output import ask, say, say_json
from tui.session.program_log import DEFAULT_LEVEL, LEVELS, start_logging
from tui.session.text import plain

_ALLOW_CODE = "--allow-code"
HELP_ORDER: tuple[str, ...] = (
    *("launch", "presets", "doctor", "settings", "alerts", "machine", "assets"),
    *("queue", "experiment"),
    *("runs", "label", "attach", "compare", "code", "delete", "hosts", "watch", "web", "serve"),
    *("knobs", "history", "impact", "chart", "tune", "undo", "redo", "unpin", "stop-ramp"),
    *("pause", "resume", "fork", "stop", "save", "export", "verify", "evaluate", "record"),
    *("robot", "rollout", "play", "video", "viewer", "motion"),
    *("mcp", "agents", "host-report", "host-stream"),
)
"""Order in `--help`; a command that is not named here comes after these."""


def command_names() -> list[str]:
    """Return the name of each command: the modules of `tui.commands`, without importing them."""
    names = {
        module.name.replace("_", "-") for module in pkgutil.iter_modules(tui.commands.__path__) if not module.ispkg
    }
    return [*(name for name in HELP_ORDER if name in names), *sorted(names.difference(HELP_ORDER))]


class _LazyGroup(click.Group):
    """Imports a command's module on demand: importing all takes longer than most commands run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return command_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in command_names():
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"tui.commands.{name}"), f"{name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        names = command_names()
        if args and args[0] not in names:
            raise click.UsageError(f"no such command: {args[0]}{suggestion(args[0], names, or_all=True)}")
        if args and ctx.params["host"]:
            from tui.commands.shared.on_host import on_host_command

            return args[0], on_host_command, args
        return super().resolve_command(ctx, args)


@click.group(cls=_LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="humanoid-tui")
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default=DEFAULT_LEVEL,
    show_default=True,
    help="Detail of the program's log file; humanoid-tui doctor shows where it is.",
)
@click.option("--host", default="", metavar="NAME", help="Run the command on this host, by ssh.")
@click.option(
    _ALLOW_CODE,
    is_flag=True,
    expose_value=False,  # `run_command` looks for it
    help="Run the code that a run's folder names, and remember it.",
)
@click.pass_context
def cli(context: click.Context, log_level: str, host: str) -> None:
    """Train humanoid robots with reinforcement learning and steer the trainings while they run.

    Without a command, open the launch screen.
    """
    start_logging(log_level)
    if context.invoked_subcommand is None:
        if host:
            raise click.UsageError("expected a command after --host NAME")
        from tui.launch_app import open_launch_screen

        open_launch_screen()


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code; report a failure as one line on standard error.

    For code that a run names and that has not been allowed, ask on a terminal, and then run the command again.
    """
    try:
        return int(cli.main(arguments, prog_name="humanoid-tui", standalone_mode=False) or 0)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.NoSuchOption as error:
        is_host = error.option_name == "--host"
        return _report("expected --host NAME before the command" if is_host else error.format_message(), 2, arguments)
    except click.ClickException as error:
        return _report(error.format_message(), 2, arguments)
    except UserError as error:
        if _allows_code(error, arguments):
            return run_command(arguments)
        return _report(str(error), error.exit_code, arguments)
    except OSError as error:
        return _report(str(error), 1, arguments)


def _allows_code(error: UserError, arguments: list[str]) -> bool:
    """Return whether the user allows the code that `error` is about, which is then remembered."""
    if not hasattr(error, "codes"):
        return False
    from tui.session.backends.named_code import CodeNotAllowed, allow_content  # slow to import

    assert isinstance(error, CodeNotAllowed)
    is_asked = sys.stdin.isatty() and sys.stderr.isatty() and "--json" not in arguments
    try:
        if not (_ALLOW_CODE in arguments or (is_asked and ask(error.question, err=True))):
            return False
        allow_content(error.codes)
    except (click.Abort, OSError):
        return False
    return True


def _report(message: str, code: int, arguments: list[str]) -> int:
    line = plain(" ".join(message.split()))
    say(f"humanoid-tui: {line}", err=True)
    if "--json" in arguments:
        say_json({"error": line})
    return code
