"""The robot in a browser: who may see it, and what it costs the training when nobody does."""

from __future__ import annotations

import socket
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zmq

from tests.sockets import private_address
from tests.tui.robots import packed
from tests.waiting import wait_for
from trainer_proc.contract.connection import write_connection
from trainer_proc.contract.robot import Ground, Selection
from trainer_proc.contract.rollout import read_rollout, write_rollout
from trainer_proc.contract.terrain import Terrain
from trainer_proc.contract.viewer_request import ViewerRequest
from trainer_proc.contract.worker import WorkerError
from trainer_proc.viewer.sources import LiveSource

CARTPOLE = Path(__file__).parents[1] / "recordings" / "rollouts" / "cartpole.rollout"


def status(address, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def names_in(message):
    """Return the part of a message of viser that has names: two sizes, it as one zstd frame, then arrays."""
    import zstandard

    size = int.from_bytes(message[8:16], "little")
    return zstandard.ZstdDecompressor().decompress(message[16 : 16 + size])


def test_only_who_has_the_address_sees_the_robot_and_its_terrain_and_it_ends_unwatched(tmp_path):
    import viser
    import websockets.sync.client
    from websockets.exceptions import InvalidStatus

    from trainer_proc.viewer.view import view

    told, ended = [], []
    rollout = read_rollout(CARTPOLE)
    first = msgspec.structs.replace(rollout.states[0], ground=Ground((-1.0, -1.0), 1.0, 3, packed(*range(9))))
    scene = msgspec.structs.replace(rollout.scene, has_terrain=True)
    write_rollout(tmp_path / "hills.rollout", rollout.header, scene, [first, *rollout.states[1:]])
    request = ViewerRequest(rollout=str(tmp_path / "hills.rollout"), unwatched_seconds=1.0)
    thread = threading.Thread(target=lambda: ended.append(view(request, lambda progress: told.append(progress.text))))
    thread.start()
    address = wait_for(lambda: told and told[-1].startswith("http") and told[-1], "the address")
    own = address.rsplit("/", 2)[0]
    protocol = [f"viser-v{viser.__version__}"]

    def connect(to, origin):
        return websockets.sync.client.connect(
            to.replace("http", "ws", 1), origin=origin, subprotocols=protocol, max_size=None
        )

    with connect(address, own) as browser:
        wait_for(lambda: b"terrain around the robot" in names_in(browser.recv()), "the terrain")
        assert status(address) == 200
        assert status(address + "assets") == 404
        assert {status(own + path) for path in ("/", "/x", "/x/", "/index.html", f"/{address[-9:]}")} == {403}
        assert status(address, Host="robots.example") == 403
        for to, origin in ((own, own), (address, None), (address, "http://robots.example")):
            with pytest.raises(InvalidStatus, match="403"):
                connect(to, origin)
    thread.join()
    assert ended[0].reason == "nobody has watched for a while"
    assert ended[0].notes == ()


def test_a_training_is_subscribed_to_only_while_somebody_watches(folder, tmp_path):
    rollout = read_rollout(CARTPOLE)
    publisher = zmq.Context.instance().socket(zmq.XPUB)
    address = private_address()
    publisher.bind(address)
    write_connection(folder, address, address, robot=address)
    topic = Selection("env", "3").topic()
    source, found = LiveSource(folder, Selection("env", "3")), []
    try:
        assert not publisher.poll(0)
        reading = threading.Thread(target=lambda: found.append(source.scene()))
        reading.start()
        assert publisher.recv() == b"\x01" + topic
        scene = msgspec.structs.replace(rollout.scene, num_envs=4)
        for message in (scene, rollout.states[3]):
            publisher.send_multipart([topic, msgspec.msgpack.encode(message)])
        reading.join()
        assert found == [scene]
        assert source.next() == rollout.states[3]
        source.close()
        assert publisher.recv() == b"\x00" + topic
    finally:
        source.close()
        publisher.close(0)


def test_an_environment_that_does_not_exist_is_refused(folder, tmp_path):
    publisher = zmq.Context.instance().socket(zmq.XPUB)
    address = private_address()
    publisher.bind(address)
    write_connection(folder, address, address, robot=address)
    source = LiveSource(folder, Selection("env", "1"))
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(source.scene)
        topic = publisher.recv()[1:]
        publisher.send_multipart([topic, msgspec.msgpack.encode(read_rollout(CARTPOLE).scene)])
        with pytest.raises(WorkerError, match="expected the number of an environment, 0 to 0, got 1"):
            reading.result()
    source.close()
    publisher.close(0)


def test_a_port_in_use_is_not_silently_another_one():
    from trainer_proc.viewer.guarded_server import GuardedServer

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WorkerError, match=f"port {port} can't be used: choose another --port"):
            GuardedServer(port)


def test_a_run_that_does_not_train_has_nobody_to_show(folder):
    with pytest.raises(WorkerError, match="expected a live training, got"):
        LiveSource(folder, Selection("env", "0"))


def test_a_mesh_of_terrain_has_its_heights_and_its_holes():
    from trainer_proc.viewer.terrain_mesh import mesh_of

    heights = np.arange(9, dtype="<f4").reshape(3, 3)
    vertices, faces = mesh_of(Terrain((1.0, 2.0), 0.5, heights))
    assert vertices[5] == pytest.approx((1.5, 3.0, 5.0))  # x, then y
    corners = vertices[faces]
    upwards = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2]
    assert upwards == pytest.approx(np.full(8, 0.25))  # they cover the square once
    heights[0, 0] = np.nan
    assert len(mesh_of(Terrain((1.0, 2.0), 0.5, heights))[1]) == 7
