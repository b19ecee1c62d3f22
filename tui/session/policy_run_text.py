"""The report of a policy's run on a robot."""

from __future__ import annotations

from trainer_proc.contract.bundle.run_request import PolicyRun


def run_text(run: PolicyRun) -> str:
    """Return the report, some lines."""
    lines = [
        f"policy acted {run.seconds:.1f} s in {run.control_steps} steps at {run.control_hz:g} Hz; {run.reason}",
        f"control step: p50 {_ms(run.work_p50)}, p99 {_ms(run.work_p99)}, worst {_ms(run.work_worst)}",
        f"loop at {run.loop_hz:g} Hz: {run.missed} missed ticks, late by p99 {_ms(run.lateness_p99)}, "
        f"worst {_ms(run.lateness_worst)}",
    ]
    if run.command:
        lines.append(f"command: {', '.join(f'{name} {value:g}' for name, value in run.command.items())}")
    if run.velocity is not None:
        forward, lateral, yaw = run.velocity
        lines.append(f"mean velocity: forward {forward:.2f}, lateral {lateral:.2f} m/s, yaw {yaw:.2f} rad/s")
    if run.record:
        lines.append(f"recorded: {run.record}; humanoid-tui play FILE shows it")
    return "\n".join(lines)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"
