"""Commands that need no run: launch, presets, doctor."""

from __future__ import annotations

import subprocess

import click

from presets import list_presets, load_preset
from trainer_proc.wire.messages import TERMINAL_PHASES, IterationFinished, PhaseChanged
from trainer_proc.wire.run_folder import RunFolder
from tui.commands.output import Failed, json_option, logs_option, parse_settings, say
from tui.session.devices import list_devices
from tui.session.doctor import Report, examine
from tui.session.follow import Follower
from tui.session.launcher import Overrides, make_spec, start_trainer
from tui.session.state import RunState


@click.command("launch")
@click.argument("preset")
@click.option("--num-envs", type=click.IntRange(min=1), help="Environments; the preset's number for the device.")
@click.option("--iterations", type=click.IntRange(min=1), help="PPO iterations; the preset's.")
@click.option("--device", help="cpu or cuda:N; the first GPU, or the CPU.")
@click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), default=42, show_default=True)
@click.option("--name", default="", help="Appended to the run's folder name.")
@click.option("--set", "settings", multiple=True, metavar="KNOB=VALUE", help="A knob's value from the start on.")
@click.option("--wait", is_flag=True, help="Return when the training has ended.")
@logs_option
@json_option
def launch_command(preset, num_envs, iterations, device, seed, name, settings, wait, log_root, as_json) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Start a training. It outlives this command and the terminal."""
    overrides = Overrides(num_envs, iterations, device, seed, name, parse_settings(settings))
    spec = make_spec(load_preset(preset), overrides, list_devices()[0].name)
    folder, trainer = start_trainer(spec, log_root)
    click.echo(f"{folder.path}", err=as_json)
    try:
        state = _follow(folder, trainer, until_ended=wait, quiet=as_json)
    except KeyboardInterrupt:
        click.echo(f"The training goes on: humanoid-tui attach {folder.name}", err=True)
        raise
    status = state.status(is_alive=True)
    if status in ("failed", "killed"):
        reason = state.phase.detail if state.phase else ""
        raise Failed(f"{folder.name} {status}: {reason or 'see'} ({folder.console})")
    result = {"run": str(folder.path), "name": folder.name, "status": status, "iteration": state.iteration}
    hint = "" if wait else f"; watch it with humanoid-tui attach {folder.name}"
    say(f"{folder.name} is {status}{hint}", result, as_json)


def _follow(folder: RunFolder, trainer: subprocess.Popen[bytes], until_ended: bool, quiet: bool) -> RunState:
    """Tell what the trainer does until it has built its environment, or has ended. Raises `Failed` if it dies."""
    state = RunState()
    with Follower(folder) as follower:
        while True:
            has_ended = trainer.poll() is not None  # asked first, as it may say something and then end
            frames = follower.poll(1.0)
            for frame in frames:
                state.apply(frame)
                if not quiet:
                    _tell(state, frame.body)
            phase = state.phase.phase if state.phase else "building"
            if phase in TERMINAL_PHASES or (phase == "training" and not until_ended):
                return state
            if not frames and not follower.is_live and (has_ended or state.started is not None):
                raise Failed(f"the trainer of {folder.name} died; see {folder.console}")


def _tell(state: RunState, body: object) -> None:
    if isinstance(body, PhaseChanged):
        modules = f" ({body.kernel_modules} kernel modules)" if body.kernel_modules else ""
        click.echo(f"{body.phase}{': ' if body.detail else ''}{body.detail}{modules}")
    elif isinstance(body, IterationFinished):
        reward = state.latest.get("Train/mean_reward")
        click.echo(f"iteration {body.iteration}" + (f", reward {reward:.4g}" if reward is not None else ""))


@click.command("presets")
@json_option
def presets_command(as_json: bool) -> None:
    """List what can be trained."""
    presets = list_presets()
    lines = [f"{preset.name:<12} {preset.title}. {preset.description}" for preset in presets]
    say("\n".join(lines), presets, as_json)


@click.command("doctor")
@logs_option
@json_option
def doctor_command(log_root, as_json) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Tell what is installed, which devices there are, and how to get what is missing."""
    report = examine(log_root)
    say(_report_text(report), report, as_json)
    if not report.is_healthy:
        if as_json:
            raise click.exceptions.Exit(1)  # the report says it all, and a second value would be no JSON
        raise Failed("something is missing; the lines with ! say how to get it")


def _report_text(report: Report) -> str:
    lines = [f"  python    {report.python}"]
    lines += [f"  device    {device}" for device in report.devices]
    for part in report.parts:
        found = ", ".join(f"{name} {version or 'missing'}" for name, version in part.packages.items())
        lines.append(f"{'!' if part.install else ' '} {part.name:<9} {found}")
        if part.install:
            lines.append(f"            {part.install}")
    lines.append(f"  logs      {report.log_root}, {report.disk_free_gib:.0f} GiB free")
    if not report.log_root_writable:
        lines[-1] = f"! logs      {report.log_root} can't be written: choose another folder with --logs"
    return "\n".join(lines)
