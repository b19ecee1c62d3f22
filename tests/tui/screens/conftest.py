import re

import pynvml
import pytest
from syrupy.extensions.image import SVGImageSnapshotExtension
from textual.widgets import Input

from tests.forked import wire_server
from tests.tui.many_knobs import with_g1_knobs
from tests.tui.screens.chart_parts import is_filled
from tests.tui.screens.recorded import SIZES, FakeTrainer, bodies_of, make_run, until
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_actions import STEP_SECONDS
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.backends.devices import Device

MOST_LOOKS = 40
DEVICES = [
    Device("cuda:0", "NVIDIA GeForce RTX 4090", 22.4, 24.0),
    Device("cuda:1", "NVIDIA GeForce RTX 4090", 3.1, 24.0),
    Device("cpu", "CPU, 16 cores", 51.0, 64.0),
]


@pytest.fixture(params=SIZES.values(), ids=SIZES)
def size(request):
    return request.param


@pytest.fixture(autouse=True)
def same_everywhere(monkeypatch, tmp_path):
    """Nothing of the machine or the terminal that runs the tests shows up on a screen."""
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_ANIMATIONS", "TEXTUAL_THEME", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tui.screens.launch.screen.list_devices", lambda: DEVICES)
    monkeypatch.setattr("tui.screens.evaluation.screen.list_devices", lambda: DEVICES)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    """The machine that runs the tests has no GPU, unless a test has a `tests.tui.machines.Driver`."""

    def init():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)

    monkeypatch.setattr(pynvml, "nvmlInit", init)


@pytest.fixture(autouse=True)
def launched(monkeypatch, log_root):
    """What the launch screen has started; no test here starts a training."""
    specs = []

    def launch(spec, log_root):
        specs.append(spec)
        return make_run(log_root, "cartpole", name=f"2026-01-01_00-00-{len(specs):02}")

    monkeypatch.setattr("tui.widgets.start_run.launch", launch)
    return specs


@pytest.fixture
def log_root(tmp_path):
    return tmp_path / "logs" / "rsl_rl"


@pytest.fixture(scope="session")
def wire_start():
    with wire_server() as start:
        yield start


@pytest.fixture
def trainer(log_root, monkeypatch, wire_start):
    """A trainer that has said nothing yet; its run is the recording g1-walk's."""
    monkeypatch.setattr("trainer_proc.wire.link.start_python", wire_start)
    trainer = FakeTrainer(make_run(log_root, "g1-walk", bodies=[]))
    yield trainer
    trainer.close()


@pytest.fixture
def send_steps(monkeypatch):
    """Hold what step and level keys ask for until the test calls this, however slow the machine is."""
    set_timer, held = DashboardScreen.set_timer, []

    def hold(screen, delay, callback=None, **options):
        if delay == STEP_SECONDS:
            held[:] = [(screen, callback)]
            delay = 3600.0
        return set_timer(screen, delay, callback, **options)

    def send():
        screen, callback = held.pop()
        screen.call_later(callback)

    monkeypatch.setattr(DashboardScreen, "set_timer", hold)
    return send


@pytest.fixture
def looks_as_before(request, snapshot, tmp_path):
    """Compare the screen with its picture in `__snapshots__`; `pytest --snapshot-update` takes new ones.

    The screen gets time to become like the picture, as layouts and scroll positions settle after the last message.
    """
    stored = snapshot.use_extension(SVGImageSnapshotExtension)
    folder = request.path.parent / "__snapshots__" / request.path.stem
    is_taking = request.config.option.update_snapshots

    async def compare(pilot, variant=None):
        def svg():
            return re.sub(r"terminal-\d+", "terminal", pilot.app.export_screenshot(simplify=True))

        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        await pilot.wait_for_scheduled_animations()
        name = request.node.name if variant is None else f"{request.node.name}[{variant}]"
        file = folder / f"{name}.svg"
        awaited = "" if is_taking or not file.exists() else file.read_text(encoding="utf-8")
        shown, looks = svg(), 1
        while shown != awaited and looks < MOST_LOOKS:
            for screen in pilot.app.screen_stack:
                screen.refresh(layout=True)  # Textual may leave the footer below a dialog without a layout
            await pilot.pause(0.05)
            shown, looks = svg(), looks + 1
        now = tmp_path / f"{name}.svg"
        now.write_text(shown, encoding="utf-8")
        assert shown == stored(name=variant), f"the screen has changed: {now}; --snapshot-update takes the new one"

    return compare


@pytest.fixture
def sizes_look_as_before(looks_as_before):
    """Compare a screen that was opened in the `SMALL` size with its pictures in all `SIZES`."""

    async def compare(pilot):
        for name, size in SIZES.items():
            if pilot.app.size != size:
                await pilot.resize_terminal(*size)
            await looks_as_before(pilot, name)

    return compare


@pytest.fixture
def no_colour(monkeypatch):
    """Have a terminal that shows no colours."""
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
async def live(log_root, trainer):
    """The dashboard of a G1 that trains, after its iteration 30 and before any intervention."""
    trainer.play(with_g1_knobs(bodies_of("g1-walk", until_iteration=30)))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.state.iteration == 30, "the run")
        await until(lambda: app.screen.is_live, "a living run")
        yield app, pilot


@pytest.fixture
async def shown(log_root):
    """The dashboard of a finished run with a curriculum."""
    app = HumanoidTui(log_root, make_run(log_root, "g1-levels"))
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        yield app, pilot
