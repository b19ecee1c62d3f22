"""`humanoid-tui web`: who has access, and errors of wrong use in one line."""

from __future__ import annotations

import http.client
import importlib.util
import signal
import socket
import sys
from urllib.parse import urlsplit

import pytest

from tests.waiting import PATIENCE_SECONDS, wait_for
from tests.web.in_browser import Served
from tui.web.access import host_problem, is_loopback, origin_problem

SOCKET = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_is_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org", ""])
def test_everything_else_is_not(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("header", ["127.0.0.1:8000", "localhost:9000", "[::1]:8000", "localhost"])
def test_a_host_that_is_this_machine_is_let_in_through_any_port(header):
    assert host_problem(header, is_remote_allowed=False) == ""


@pytest.mark.parametrize("header", ["evil.test:8000", "127.0.0.1.evil.test", "", "[::1", "evil.test@127.0.0.1x"])
def test_another_host_is_not(header):
    assert host_problem(header, is_remote_allowed=False)


def test_only_the_page_itself_may_connect():
    assert origin_problem("http://127.0.0.1:8000", "127.0.0.1:8000") == ""
    for origin in (None, "null", "http://127.0.0.1:9000", "http://evil.test", "file://"):
        assert origin_problem(origin, "127.0.0.1:8000") == "expected a connection from the page that is served here"


# --- over a real connection ---


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Served(tmp_path_factory.mktemp("web"))
    yield server
    server.close()


def ask(server, path, **headers):
    address = urlsplit(server.address)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_SECONDS)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = b"" if answer.status == 101 else answer.read()
    connection.close()
    return answer.status, answer.headers, body.decode(errors="replace")


def test_the_page_allows_nothing_from_elsewhere(server):
    secret = urlsplit(server.address).path
    status, headers, body = ask(server, secret)
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "http://" not in body
    assert "https://" not in body
    assert len(secret.strip("/")) >= 32


def test_the_page_connects_to_the_port_that_it_was_asked_for_at(server):
    """As through `ssh -L 9000:127.0.0.1:8000`."""
    secret = urlsplit(server.address).path
    _, _, body = ask(server, secret, Host="localhost:9000")
    assert f'"ws://localhost:9000{secret}ws"' in body


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("{secret}ws", {**SOCKET, "Origin": "{origin}"}, 101),
        ("{secret}ws", {**SOCKET, "Origin": "http://evil.test"}, 403),
        ("{secret}ws", SOCKET, 403),
        ("{secret}ws", {**SOCKET, "Origin": "http://evil.test", "Host": "evil.test"}, 403),
        ("{secret}", {"Host": "evil.test"}, 403),
        ("{secret}", {"Host": "localhost:80; script-src *"}, 403),
        ("{secret}", {"Host": "localhost:"}, 403),
        ("{secret}", {"Host": "[::1]:8000"}, 200),
        ("/wrong/ws", {**SOCKET, "Origin": "{origin}"}, 404),
        ("/ws", {**SOCKET, "Origin": "{origin}"}, 404),
        ("/", {}, 404),
        ("{secret}static/", {}, 403),
        ("{secret}static/../../server.py", {}, 404),
        ("/download/nothing", {}, 404),
    ],
)
def test_requests_are_answered_only_with_secret_host_and_origin(server, path, headers, status):
    address = urlsplit(server.address)
    origin = f"{address.scheme}://{address.netloc}"
    headers = {name: value.format(origin=origin) for name, value in headers.items()}
    assert ask(server, path.format(secret=address.path), **headers)[0] == status


def test_it_listens_on_this_machine_alone(server):
    port = urlsplit(server.address).port
    assert urlsplit(server.address).hostname == "127.0.0.1"
    with socket.socket() as other:  # the address would be taken if it listened everywhere
        other.bind(("127.0.0.2", port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def test_no_tab_s_program_outlives_the_server(tmp_path, number):
    server = Served(tmp_path)
    address = urlsplit(server.address)
    tab = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_SECONDS)
    tab.request("GET", f"{address.path}ws", headers=SOCKET | {"Origin": f"{address.scheme}://{address.netloc}"})
    assert tab.getresponse().status == 101
    wait_for(lambda: server.programs, "the tab's program")
    programs = server.programs
    server.process.send_signal(number)
    assert server.process.wait(PATIENCE_SECONDS) == (-number if number == signal.SIGKILL else 0)
    wait_for(lambda: not any(program.is_running() for program in programs), "the end of the program")
    tab.close()
    server.close()


# --- wrong use ---


def test_a_port_that_is_taken_is_told(server, fails):
    port = urlsplit(server.address).port
    assert fails(1, "web", "--port", str(port)) == (
        f"port {port} is in use: choose another with --port, or use --port 0"
    )


def test_others_are_not_let_in_without_a_word(fails):
    line = fails(2, "web", "--host", "0.0.0.0", "--port", "0")
    assert line == "other machines can reach 0.0.0.0, without encryption: use ssh -L, or add --allow-remote"


def test_a_run_that_is_not_there_is_told_before_anything_is_served(tmp_path, fails):
    assert "no runs in" in fails(2, "web", "latest", "--logs", str(tmp_path))


def test_a_run_and_a_folder_are_one_too_many(tmp_path, fails):
    assert fails(2, "web", "latest", "--watch", str(tmp_path)) == "RUN and --watch exclude each other"


def test_a_host_that_is_not_here_is_told(fails):
    assert "cannot listen on" in fails(1, "web", "--host", "203.0.113.7", "--allow-remote", "--port", "0")


def test_a_missing_package_is_one_line(fails, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "textual_serve" else find(name))
    assert fails(1, "web") == f"the package textual-serve is missing; uv pip install -p {sys.executable} textual-serve"
