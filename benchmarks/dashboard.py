"""Compare the cost of twelve live charts with other terminal programs, and measure key latency on slow links.

    uv run --group rivals python -m benchmarks.dashboard [--seconds N] [--rows NAME ...] [--points N ...]
                                                         [--rates N ...] [--links KB ...] [--keys N]

Each program runs in a pseudo-terminal of 200×60 cells and shows the same twelve metrics with 10,000 and 1,000,000
points, and new ones every second. Columns, measured over SECONDS each:

- frames/s: output after at least 5 ms without any
- CPU: CPU time as a share of one core
- KB/s: output
- p95 ms: 95th percentile of the event loop's delay, polled every 20 ms, not while CPU time is measured
- MiB, peak: proportional set size and peak resident set of all its processes

Rows:

- `humanoid-tui`: the real program, attached to a replayed run over a real wire, with knobs and console
- `wandb leet`: on a .wandb file as written by wandb's offline mode, with twelve charts only
- `textual-plot`, `textual-plotext`: a small app with each, whose data grow in memory

Then, for humanoid-tui, links of a limited speed: frames per second from its status line, output, and the latency of
keys while all charts change ten times a second.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dashboard_programs import PROGRAMS, HumanoidTui, Leet
from benchmarks.dashboard_terminal import Usage
from benchmarks.dashboard_throttled import measure as measure_keys

_SETTLING_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One row of the table; `delay` in ms, None without a Textual event loop; `memory` and `peak` in MiB."""

    program: str
    points: int
    rate: float
    usage: Usage
    delay: float | None
    memory: float
    peak: float


def main() -> None:
    options = _options()
    if options.rows:
        print(
            f"{'':<16}{'points':>10}{'new/s':>6}{'frames/s':>9}{'CPU':>8}{'KB/s':>8}{'p95 ms':>8}{'MiB':>6}{'peak':>6}"
        )
    measured = []
    for points in options.points:
        for name in options.rows:
            for row in measure(name, points, options):
                print(_row(row), flush=True)
                measured.append(row)
    _print_ratios(measured)
    if options.links:
        _measure_links(options)


def measure(name: str, points: int, options: argparse.Namespace) -> list[Measured]:
    """Measure one program at every rate."""
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        program = PROGRAMS[name](Path(folder), points)
        try:
            program.terminal.wait_until_settled(program.idle_cpu)
            for rate in options.rates:
                program.feed(rate)
                program.terminal.measure(_SETTLING_SECONDS)
                usage = program.terminal.measure(options.seconds)
                delay = None
                if program.has_event_loop:
                    delays = program.delays(options.seconds)
                    delay = delays[int(len(delays) * 0.95)] if delays else 1000 * options.seconds
                memory, peak = program.terminal.memory_mib()
                measured.append(
                    Measured(program=name, points=points, rate=rate, usage=usage, delay=delay, memory=memory, peak=peak)
                )
        finally:
            program.close()
    return measured


def _row(row: Measured) -> str:
    delay = "–" if row.delay is None else f"{row.delay:.1f}"
    return (
        f"{row.program:<16}{row.points:>10,}{row.rate:>6g}{row.usage.frames:>9.1f}{row.usage.cpu:>8.1%}"
        f"{row.usage.bytes / 1000:>8.1f}{delay:>8}{row.memory:>6.0f}{row.peak:>6.0f}"
    )


def _print_ratios(measured: list[Measured]) -> None:
    """Print the usage of humanoid-tui relative to that of LEET."""
    leet = {(row.points, row.rate): row for row in measured if row.program == Leet.name}
    ours = [row for row in measured if row.program == HumanoidTui.name and (row.points, row.rate) in leet]
    if ours:
        print(
            f"\n{'humanoid-tui / wandb leet':<26}{'new/s':>6}{'':>9}{'CPU':>8}{'KB/s':>8}{'':>8}{'MiB':>6}{'peak':>6}"
        )
    for row in ours:
        other = leet[row.points, row.rate]
        print(
            f"{'':<16}{row.points:>10,}{row.rate:>6g}{'':>9}{row.usage.cpu / other.usage.cpu:>8.2f}"
            f"{row.usage.bytes / max(other.usage.bytes, 1):>8.2f}{'':>8}{row.memory / other.memory:>6.2f}"
            f"{row.peak / other.peak:>6.2f}"
        )


def _measure_links(options: argparse.Namespace) -> None:
    print(
        f"\n{'link':<10}{'charts show':<14}{'terminal':<12}{'frames/s':>9}{'KB/s':>7}{'p50':>8}{'p95':>8}{'longest':>9}"
    )
    for link in options.links:
        for zoomed in (False, True):
            for replies in (True, False):
                result = measure_keys(1000 * link, replies=replies, zoomed=zoomed, keys=options.keys)
                p50, p95 = (1000 * result.waits[int(len(result.waits) * share)] for share in (0.5, 0.95))
                print(
                    f"{f'{link:g} KB/s':<10}{'newest points' if zoomed else 'all points':<14}"
                    f"{'replies' if replies else 'no replies':<12}{result.frames:>9.1f}{result.bytes / 1000:>7.1f}"
                    f"{p50:>5.0f} ms{p95:>5.0f} ms{1000 * result.waits[-1]:>6.0f} ms",
                    flush=True,
                )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (10)")
    parser.add_argument("--rows", nargs="*", choices=tuple(PROGRAMS), default=list(PROGRAMS), help="programs (all)")
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 10, 20, 60], help="new points a second")
    parser.add_argument("--links", type=float, nargs="*", default=[30], help="speeds of links in KB/s (30); none: skip")
    parser.add_argument("--keys", type=int, default=40, help="pressed over each link (40)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
