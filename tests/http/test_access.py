"""Who may do anything over HTTP: every request passes the guard of a real server first."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import stat
import sys

import httpx
import pytest

from tests.http.served import ServedDoor
from tests.waiting import PATIENCE_SECONDS
from tui.http.guard import LARGEST_BODY, Guard, Pace, problem_response
from tui.http.token import TokenError, token_from

JOBS = "/reinforcement-learning"


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    door = ServedDoor(tmp_path_factory.mktemp("door"), "--most", "0")
    yield door
    door.close()


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "Bearer",
        "Bearer x",
        "Basic {token}",
        "bearer {token}",
        "Bearer {token}x",
        "Bearer  {token}",
        "Bearer é",
    ],
)
def test_only_the_token_opens_the_door(door, given):
    headers = {} if given is None else {b"Authorization": given.format(token=door.token).encode("latin-1")}
    for path in (JOBS, "/tasks", "/nothing"):
        answer = httpx.get(door.address + path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert door.token not in answer.text
    assert httpx.get(door.address + JOBS, headers=door.authorization).status_code == 200


def test_the_pages_that_need_no_token_load_nothing(door):
    page = httpx.get(f"{door.address}/docs")
    assert page.status_code == 200
    assert "POST /reinforcement-learning" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    document = httpx.get(f"{door.address}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert door.token not in str(document)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.test"},
        {"Host": "evil.test:8765"},
        {"Host": ""},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Host": "evil.test", "Origin": "http://evil.test"},
    ],
)
def test_no_other_site_reaches_it_even_with_the_token(door, headers):
    answer = httpx.get(door.address + JOBS, headers=door.authorization | headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_browser_s_question_before_a_request_is_not_answered_with_leave(door):
    headers = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(door.address + JOBS, headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_body_that_is_too_large_is_refused_by_its_length_and_by_its_content(door):
    large = b'{"task":"' + b"x" * LARGEST_BODY
    assert door.client.post(JOBS, content=large).status_code == 413
    assert door.client.post(JOBS, content=iter([large[:1000], large])).status_code == 413  # without a length
    connection = http.client.HTTPConnection(door.address.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    connection.request("POST", JOBS, body=b"{}", headers=door.authorization | {"Content-Length": "9" * 30})
    assert connection.getresponse().status in (400, 413)
    connection.close()
    assert door.client.get(JOBS).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"task=cartpole", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {}, 422),
        (b'{"task":"cartpole","iterations":3}', {}, 422),
        (b'{"task":"cartpole","num_iterations":"3"}', {}, 422),
        (b'{"task":"cartpole","num_iterations":0}', {}, 422),
        (b'{"task":"cartpole","device":"gpu"}', {}, 422),
        (b'{"task":"cartpole","name":"../x"}', {}, 422),
        (b'{"task":"/etc/passwd"}', {}, 422),
        (b'{"task":"./presets/cartpole.toml"}', {}, 422),
        (b'{"task":"cartpole","overrides":{"agent.class_name":"os.system"}}', {}, 422),
    ],
)
def test_a_wrong_body_is_one_line_and_starts_nothing(door, body, headers, status):
    answer = door.client.post(JOBS, content=body, headers=headers)
    assert answer.status_code == status
    assert len(answer.json()["error"].splitlines()) == 1
    assert not door.logs.exists()


def test_unknown_names_come_with_the_list(door):
    answer = door.client.post(JOBS, json={"task": "humanoid_fly"})
    assert answer.status_code == 422
    assert answer.json()["expected"] == door.client.get("/tasks").json()["tasks"]
    assert {"cartpole", "g1-walk", "humanoid_walk", "Mjlab-Cartpole-Balance"} <= set(answer.json()["expected"])
    answer = door.client.post(JOBS, json={"task": "humanoid_walk", "policy_type": "SAC"})
    assert (answer.status_code, answer.json()["expected"]) == (422, ["PPO"])


def test_no_more_trainings_start_than_the_user_allows(door):
    answer = door.client.post(JOBS, json={"task": "cartpole", "device": "cpu"}, headers={"Idempotency-Key": "none"})
    assert answer.status_code == 409
    assert "0 trainings run, which is the limit" in answer.json()["error"]
    assert not door.logs.exists()


def test_a_method_that_is_not_there_is_refused_with_those_that_are(door):
    answer = door.client.delete(JOBS)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_too_many_requests_are_told_to_wait():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    clock = [0.0]
    guard = Guard(app, "token", pace=lambda: Pace(burst=3, per_second=2, now=lambda: clock[0]))
    transport = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def statuses(count, token):
            headers = {"Authorization": f"Bearer {token}"}
            return [(await client.get("/", headers=headers)).status_code for _ in range(count)]

        assert await statuses(5, "guessed") == [401, 401, 401, 429, 429]
        assert await statuses(4, "token") == [204, 204, 204, 429]  # which the guesses have not used up
        clock[0] += 1.0
        assert await statuses(3, "token") == [204, 204, 429]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_token_is_the_user_s_alone_and_goes_with_the_server(tmp_path, number):
    door = ServedDoor(tmp_path)
    assert door.token_file.is_relative_to(tmp_path / "config")
    assert stat.S_IMODE(door.token_file.stat().st_mode) == 0o600
    assert len(door.token) >= 32
    assert door.interrupt(number) == 0
    assert not door.token_file.exists()


def test_a_token_file_of_the_user_s_own_is_made_once(tmp_path):
    own = tmp_path / "mine" / "token"
    with pytest.raises(TokenError, match=f"in a folder that exists, got {own}: make {own.parent} first"):
        token_from(own)
    own.parent.mkdir()
    first = ServedDoor(tmp_path, "--token-file", str(own))
    first.close()
    second = ServedDoor(tmp_path, "--token-file", str(own))
    assert second.client.get(JOBS).status_code == 200
    second.close()
    assert first.token == second.token
    assert stat.S_IMODE(own.stat().st_mode) == 0o600


def test_a_token_that_others_can_read_or_guess_is_refused(tmp_path):
    file = tmp_path / "token"
    file.write_text("x" * 40)
    file.chmod(0o640)
    with pytest.raises(TokenError, match="chmod 600"):
        token_from(file)
    file.chmod(0o600)
    assert token_from(file) == "x" * 40
    for text in ("short", "x" * 600, "two words " * 5):
        file.write_text(text)
        with pytest.raises(TokenError):
            token_from(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(TokenError, match="can't be read"):
        token_from(file)


# --- wrong use ---


def test_a_port_that_is_taken_is_told(door, fails):
    port = door.address.rpartition(":")[2]
    assert fails(1, "serve", "--port", port) == f"port {port} is in use: choose another with --port, or use --port 0"


def test_others_are_not_let_in_without_a_word(fails):
    line = fails(2, "serve", "--host", "0.0.0.0", "--port", "0")
    assert line == "other machines can reach 0.0.0.0, without encryption: use ssh -L, or add --allow-remote"


def test_a_missing_package_is_one_line(fails, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    assert fails(1, "serve") == f"expected the packages uvicorn; uv pip install -p {sys.executable} uvicorn"


def test_a_refusal_that_names_a_file_of_no_text_is_sent():
    response = problem_response(503, f"a file can't be read: {os.fsdecode(bytes([0xFF]))}")
    assert json.loads(response.body)["error"] == "a file can't be read: \ufffd"
