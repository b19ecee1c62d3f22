"""Alerts over a real wire, by real processes, to a real web server: also one that hangs, fails, or answers slowly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.program import bodies_of, program
from tests.trainer.test_wire_failures import start_trainer
from tests.waiting import wait_for
from tests.webhook_server import WebhookServer, senders
from trainer_proc.alerts.send import send
from trainer_proc.contract.alerts import Alert, AlertSettings, read_alert_settings, settings_file
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.monitoring import GuardFired, TrainerStalled
from trainer_proc.contract.requests import Accepted, Ping
from tui.session.settings.settings_file import remember
from tui.session.trainer_request import ask

SECRET = "T0SECRET"
ALERT = Alert("failed", "g1/rün", "training failed: <!channel> & more", 1.0, 12, "box")


@pytest.fixture
def serve():
    servers = []

    def serve(*answers, **options):
        servers.append(WebhookServer(*answers, **options))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def settings():
    """Write `[alerts]` of the user's settings."""

    def write(**values):
        path = settings_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[alerts]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
        path.chmod(0o600)
        return path

    yield write
    for process in senders(os.environ["XDG_CONFIG_HOME"]):  # one that would try again
        process.kill()


def test_each_kind_gets_what_it_understands(serve):
    server = serve()
    addresses = {kind: server.address(f"{kind}/{SECRET}") for kind in ("slack", "ntfy", "json")}
    assert send(ALERT, AlertSettings(**addresses, ntfy_token="tk_1"), ()) == dict.fromkeys(addresses, "")
    slack, ntfy, plain = server.received
    assert json.loads(slack.body) == {"text": "*g1/rün*: training failed: &lt;!channel&gt; &amp; more"}
    assert ntfy.body.decode() == ALERT.text
    assert (ntfy.headers["Title"], ntfy.headers["Priority"]) == ("g1/r?n: failed", "high")
    assert ntfy.headers["Authorization"] == "Bearer tk_1"
    assert json.loads(plain.body) == {
        "event": "failed",
        "run": "g1/rün",
        "text": ALERT.text,
        "time": 1.0,
        "iteration": 12,
        "host": "box",
    }
    assert plain.headers["Content-Type"] == "application/json"


def test_a_server_that_fails_is_tried_again_and_then_given_up(serve):
    server = serve(500, 429, 200)
    assert send(ALERT, AlertSettings(json=server.address("")), (0.0, 0.0, 0.0)) == {"json": ""}
    assert len(server.received) == 3
    server = serve(500)
    assert send(ALERT, AlertSettings(json=server.address("")), (0.0, 0.0)) == {"json": "answered with status 500"}
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [302, 307, 400, 403, 404, 410])
def test_a_refusal_or_a_redirect_is_final(serve, status):
    server = serve(status)
    assert send(ALERT, AlertSettings(json=server.address("x")), (0.0,)) == {"json": f"answered with status {status}"}
    assert [one.path for one in server.received] == ["/x"]


@pytest.mark.parametrize("options", [{"hang": True}, {"trickle": True}], ids=["hangs", "trickles"])
def test_a_server_that_never_ends_its_answer_delays_no_other_for_long(serve, options):
    slow, other = serve(**options), serve()
    settings = AlertSettings(slack=slow.address(""), json=other.address(""))
    assert send(ALERT, settings, (), try_seconds=0.5) == {"slack": "no answer within 0.5 s", "json": ""}


@pytest.mark.parametrize(
    "address", [f"ftp://h/{SECRET}", SECRET, f"http:///{SECRET}", f"http://h/ä{SECRET}", f"http://[{SECRET}"]
)
def test_what_is_no_address_is_reported_without_it(address):
    (problem,) = send(ALERT, AlertSettings(slack=address), (0.0,)).values()
    assert problem == "expected an address with http:// or https://"


def test_an_unreachable_host_is_reported_without_its_address(serve):
    server = WebhookServer()
    address = server.address(SECRET)
    server.close()
    (problem,) = send(ALERT, AlertSettings(slack=address), ()).values()
    assert problem == "can't be reached: ConnectionRefusedError"


# --- over the wire ---


def test_a_training_without_a_dashboard_reports_and_keeps_the_secret(serve, settings, folder, link):
    server = serve()
    settings(json=server.address(SECRET), guard=False)
    link.emit(PhaseChanged("training"))
    link.emit(GuardFired("kl", 3, "KL is high", "warned"))  # which the user does not want
    link.emit(TrainerStalled(50.0, "is stopped"))
    link.emit(PhaseChanged("failed", "out of memory"))
    wait_for(lambda: len(server.received) == 2, "two alerts")
    alerts = [json.loads(one.body) for one in server.received]
    assert {alert["event"] for alert in alerts} == {"stalled", "failed"}
    assert {alert["run"] for alert in alerts} == {f"cartpole/{folder.name}"}
    for file in folder.path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    wait_for(lambda: not senders(os.environ["XDG_CONFIG_HOME"]), "the end of the senders")


def test_a_server_that_hangs_delays_neither_wire_nor_training(serve, settings, folder, link):
    server = serve(hang=True)
    settings(json=server.address(""))
    link.emit(PhaseChanged("training"))
    for number in range(5):
        link.emit(GuardFired(f"guard{number}", 3, "x", "warned"))
    wait_for(lambda: len(server.received) == 5, "five alerts that hang")
    assert isinstance(ask(folder, Ping()), Accepted)
    link.emit(PhaseChanged("finished"))
    link.close()  # waits for the wire process, and for nothing else
    assert bodies_of(folder)[-1] == PhaseChanged("finished")
    assert senders(os.environ["XDG_CONFIG_HOME"])


def test_a_killed_training_is_reported(serve, settings, folder):
    server = serve()
    settings(slack=server.address("hook"))
    trainer = start_trainer(folder, "link = TrainerLink(folder)", "link.emit(PhaseChanged('training'))", "input()")
    wait_for(lambda: read_connection(folder) and PhaseChanged("training") in bodies_of(folder), "the trainer")
    trainer.send_signal(signal.SIGKILL)
    trainer.communicate()
    wait_for(lambda: server.received, "the alert")
    assert "the training process died" in json.loads(server.received[0].body)["text"]


def test_settings_are_those_of_now_and_of_the_user(settings, tmp_path):
    assert read_alert_settings() == AlertSettings()
    path = settings(json="http://a/", success=False, slack=3)
    assert read_alert_settings() == AlertSettings(json="http://a/", success=False)
    path.write_text("[alerts\n")
    assert read_alert_settings() == AlertSettings()


# --- the command ---


def test_a_test_alert_reaches_all_webhooks(serve, settings, tmp_path):
    good, bad = serve(), serve(404)
    settings(ntfy=good.address(SECRET), slack=bad.address(SECRET))
    done = subprocess.run(
        [sys.executable, "-m", "tui", "alerts", "--test"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stdout == "slack: answered with status 404\nntfy: sent\n"
    assert SECRET not in done.stdout + done.stderr
    assert good.received[0].body == b"a test of alerts"


def test_no_command_prints_an_address(settings, tmp_path):
    path = settings(slack=f"https://h/{SECRET}", ntfy_token=SECRET)
    for arguments in (["alerts"], ["alerts", "--json"], ["settings"], ["settings", "--json"]):
        printed = program(tmp_path, *arguments)
        assert SECRET not in printed
    assert "set, not shown" in program(tmp_path, "settings")
    path.chmod(0o644)
    assert "chmod 600" in program(tmp_path, "alerts")


def test_a_change_of_a_setting_keeps_the_file_private(settings):
    path = settings(slack="https://h/x")
    remember("appearance", "theme", "light")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "https://h/x" in path.read_text()


def test_without_a_webhook_there_is_nothing_to_test(tmp_path):
    assert "expected slack, ntfy or json under [alerts]" in program(tmp_path, "alerts", "--test", code=2)
